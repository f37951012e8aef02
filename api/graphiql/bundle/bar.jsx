// ruhu's own bar above GraphiQL: examples, who asks, which language.
import { useState } from 'react'
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react'
import { become, config, session, speak } from './session.js'

const WORDS = {
  zh: {
    tagline: '防止返贫监测与帮扶 · GraphQL',
    examples: '示例',
    choose: '打开一个示例…',
    persona: '身份',
    nobody: '未登录',
    failed: '演示身份读取失败',
    language: '语言',
  },
  en: {
    tagline: 'Preventing a return to poverty · GraphQL',
    examples: 'Examples',
    choose: 'Open an example…',
    persona: 'Acting as',
    nobody: 'Not signed in',
    failed: 'The demo personas could not be read',
    language: 'Language',
  },
}
const LANGUAGES = [
  ['zh', '中文'],
  ['en', 'English'],
]

/** An example as the editor shows it: its notes as comments, in the given languages, above the operation. */
export function opened(example, ...languages) {
  const notes = languages.map((language) => example.notes[language].map((line) => `# ${line}`.trimEnd()).join('\n'))
  return { query: `${notes.join('\n#\n')}\n\n${example.query}\n`, variables: example.variables }
}

export function Bar({ fault }) {
  const [, redraw] = useState(0)
  const [trouble, setTrouble] = useState(fault)
  const words = WORDS[session.language]

  async function choose(name) {
    try {
      await become(name)
      setTrouble(null)
    } catch (error) {
      setTrouble(error)
    }
    redraw((count) => count + 1)
  }

  function translate(language) {
    speak(language)
    redraw((count) => count + 1)
  }

  return (
    <>
      <span className="wordmark">
        <b>入户</b> ruhu
      </span>
      <span className="tagline">{words.tagline}</span>
      <Examples words={words} />
      {config.personas && (
        <>
          <label title={session.persona?.about[session.language]}>
            {words.persona}
            <select
              name="persona"
              value={session.persona?.name ?? ''}
              disabled={session.personas.length === 0}
              onChange={(event) => choose(event.target.value)}
            >
              {session.personas.length === 0 && <option value="">{words.nobody}</option>}
              {session.personas.map((persona) => (
                <option key={persona.name} value={persona.name} title={persona.about[session.language]}>
                  {persona.title[session.language]}
                </option>
              ))}
            </select>
          </label>
          <span className={trouble ? 'about trouble' : 'about'} role="status">
            {trouble ? `${words.failed}: ${trouble.message}` : session.persona?.about[session.language]}
          </span>
        </>
      )}
      <fieldset className="languages" aria-label={words.language}>
        {LANGUAGES.map(([language, name]) => (
          <button
            key={language}
            type="button"
            lang={language}
            aria-pressed={language === session.language}
            onClick={() => translate(language)}
          >
            {name}
          </button>
        ))}
      </fieldset>
    </>
  )
}

function Examples({ words }) {
  const { addTab } = useGraphiQLActions()
  const queryEditor = useGraphiQL((state) => state.queryEditor)
  const variableEditor = useGraphiQL((state) => state.variableEditor)

  function open(example) {
    const { query, variables } = opened(example, session.language)
    addTab()
    queryEditor.setValue(query)
    variableEditor.setValue(variables)
    queryEditor.focus()
  }

  return (
    <label>
      {words.examples}
      <select
        name="example"
        value=""
        disabled={!queryEditor || !variableEditor}
        onChange={(event) => open(config.examples[event.target.value])}
      >
        <option value="" hidden>
          {words.choose}
        </option>
        {config.examples.map((example, index) => (
          <option key={index} value={index}>
            {example.notes[session.language][0]}
          </option>
        ))}
      </select>
    </label>
  )
}

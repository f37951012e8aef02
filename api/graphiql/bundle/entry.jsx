import { createRoot } from 'react-dom/client'
import { createPortal } from 'react-dom'
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql'
import { explorerPlugin } from '@graphiql/plugin-explorer'
import '@graphiql/react/font/roboto.css'
import '@graphiql/react/font/fira-code.css'
import '@graphiql/react/style.css'
import '@graphiql/plugin-doc-explorer/style.css'
import '@graphiql/plugin-history/style.css'
import '@graphiql/plugin-explorer/style.css'
import 'graphiql/graphiql.css'
import './page.css'
import { Bar, opened } from './bar.jsx'
import { become, config, fetcher, session, speak } from './session.js'

globalThis.MonacoEnvironment = {
  getWorker: (_module, label) => new Worker(config.workers[label] ?? config.workers.editor, { type: 'module' }),
}

speak(session.language)
let fault = null
if (config.personas) {
  // Before the first request, so that even the introspection is asked by somebody.
  await become().catch((error) => {
    fault = error
  })
}

const explorer = explorerPlugin({ showAttribution: false })
// GraphiQL remembers its tabs, and reads the first one's text from the same place: so the first visit is a memory, too.
if (localStorage.getItem('graphiql:tabState') === null) {
  const { query, variables } = opened(config.examples[0], 'zh', 'en')
  localStorage.setItem('graphiql:query', query)
  localStorage.setItem('graphiql:variables', variables)
}

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={[explorer, HISTORY_PLUGIN]}
    visiblePlugin={explorer}
    editorTheme={{ light: 'ruhu-light', dark: 'ruhu-dark' }}
    defaultEditorToolsVisibility
    defaultQuery=""
    shouldPersistHeaders={false}
    showPersistHeadersSettings={false}
  >
    <GraphiQL.Logo>
      <span />
    </GraphiQL.Logo>
    {createPortal(<Bar fault={fault} />, document.getElementById('bar'))}
  </GraphiQL>,
)

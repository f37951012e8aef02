// Who asks, and in which language: the two things the bar decides about every request.
import { createGraphiQLFetcher } from '@graphiql/toolkit'
import { createClient } from 'graphql-ws'

const REMEMBERED = { language: 'ruhu:language', persona: 'ruhu:persona' }

export const config = JSON.parse(document.getElementById('config').textContent)

export const session = {
  language: localStorage.getItem(REMEMBERED.language) ?? (navigator.language.startsWith('en') ? 'en' : 'zh'),
  persona: null, // one of `personas`, or null when nobody is signed in
  personas: [],
}

let typedHeaders = {} // what stands in the "Headers" editor wins over the bar
let exchange = openExchange()

export const fetcher = (params, options) => {
  typedHeaders = options?.headers ?? {}
  return exchange.fetch(params, options)
}

export function speak(language) {
  session.language = language
  localStorage.setItem(REMEMBERED.language, language)
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
}

/** Fetches the personas anew, because their tokens run out, and becomes the named one (or the first, or nobody). */
export async function become(name = localStorage.getItem(REMEMBERED.persona)) {
  const response = await fetch(`${config.endpoint}/personas`, { signal: AbortSignal.timeout(10_000) })
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`)
  session.personas = await response.json()
  session.persona = session.personas.find((persona) => persona.name === name) ?? session.personas[0] ?? null
  if (session.persona) localStorage.setItem(REMEMBERED.persona, session.persona.name)
  // An open WebSocket still speaks for the last persona: close it with its subscriptions.
  exchange.close()
  exchange = openExchange()
}

function signedHeaders() {
  const headers = new Headers({ 'Accept-Language': session.language === 'zh' ? 'zh-CN' : 'en' })
  if (session.persona?.token) headers.set('Authorization', `Bearer ${session.persona.token}`)
  return headers
}

function openExchange() {
  const address = new URL(config.endpoint, location.href)
  address.protocol = address.protocol.replace('http', 'ws')
  const wsClient = createClient({
    url: address.href,
    connectionParams: () => {
      const headers = signedHeaders()
      for (const [name, value] of Object.entries(typedHeaders)) headers.set(name, value)
      const asked = { 'Accept-Language': headers.get('Accept-Language') }
      if (headers.has('Authorization')) asked.Authorization = headers.get('Authorization')
      return asked
    },
  })
  const fetch = createGraphiQLFetcher({
    url: config.endpoint,
    wsClient,
    fetch: (url, init) => {
      const headers = signedHeaders()
      for (const [name, value] of Object.entries(init.headers)) headers.set(name, value)
      return window.fetch(url, { ...init, headers })
    },
  })
  return { fetch, close: () => wsClient.dispose() }
}

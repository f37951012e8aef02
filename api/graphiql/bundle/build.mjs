// Bundles the page into ../static: content-hashed, gzipped files, and manifest.json, which says what each is called.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'

const here = import.meta.dirname
const target = path.join(here, '..', 'static')
const instead = (file) => () => ({ path: path.join(here, file) })

/** Replaces one passage of a package's file; a release in which it is gone fails the build instead of passing unseen. */
function patched(build, filter, passage, replacement) {
  build.onLoad({ filter }, async ({ path: file }) => {
    const text = await readFile(file, 'utf8')
    if (!passage.test(text)) throw new Error(`${file}: the passage to replace is not there any more`)
    return { contents: text.replace(passage, replacement), loader: 'js' }
  })
}

const diet = {
  name: 'diet',
  setup(build) {
    build.onResolve({ filter: /^(\.|monaco-graphql\/esm)\/monaco-editor(\.js)?$/ }, instead('monaco.js'))
    // One GraphQL printer, not the same one as two module kinds.
    build.onResolve({ filter: /^prettier\/parser-graphql$/ }, instead('node_modules/prettier/plugins/graphql.mjs'))
    // "Prettify" of the variables: half a megabyte of JavaScript parser, where the JSON parser at hand can do it.
    patched(
      build,
      /@graphiql\/react\/dist\/utility\/jsonc\.js$/,
      /async function formatJSONC\(content\) \{\n[^]*?\n\}\n/,
      `import { applyEdits, format } from 'jsonc-parser'\n` +
        `const formatJSONC = async (content) =>` +
        ` applyEdits(content, format(content, undefined, { tabSize: 2, insertSpaces: true }))\n`,
    )
    // Of the fonts, upright Latin only, as files of their own: Chinese comes from the reader's machine.
    build.onLoad({ filter: /@graphiql\/react\/font\/.*\.css$/ }, async ({ path: file }) => {
      const faces = (await readFile(file, 'utf8')).match(/@font-face \{[^}]*\}/g)
      const kept = faces.filter((face) => /U\+0000-00FF/.test(face) && /font-style: normal/.test(face))
      if (kept.length === 0) throw new Error(`${file}: no upright Latin face`)
      return { contents: kept.join('\n'), loader: 'css' }
    })
    build.onResolve({ filter: /^data:font\// }, ({ path: url }) => {
      const [, kind, base64] = url.match(/^data:font\/(\w+);base64,(.*)$/)
      return { path: `${base64.slice(-16)}/embedded.${kind}`, namespace: 'embedded-font', pluginData: base64 }
    })
    build.onLoad({ filter: /.*/, namespace: 'embedded-font' }, ({ pluginData: base64 }) => ({
      contents: Buffer.from(base64, 'base64'),
      loader: 'file',
    }))
  },
}

const entryPoints = {
  graphiql: 'entry.jsx',
  'worker-editor': 'monaco-editor/esm/vs/editor/editor.worker.js',
  'worker-graphql': 'monaco-graphql/esm/graphql.worker.js',
  'worker-json': 'monaco-editor/esm/vs/language/json/json.worker.js',
}
const { outputFiles, metafile } = await esbuild.build({
  absWorkingDir: here,
  entryPoints,
  outdir: target,
  entryNames: '[name]-[hash]',
  chunkNames: 'part-[hash]',
  assetNames: 'font-[hash]',
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  charset: 'utf8',
  legalComments: 'none', // the licences go into one file, below
  loader: { '.ttf': 'file', '.woff': 'file', '.woff2': 'file' },
  define: { 'process.env.NODE_ENV': '"production"' },
  plugins: [diet],
  metafile: true,
  write: false,
  logLevel: 'warning',
})

const FONTS = `Fonts

Fira Code: copyright 2014-2020 The Fira Code Project Authors; SIL Open Font License 1.1, https://openfontlicense.org
Roboto: copyright 2011 Google LLC; Apache License 2.0, https://www.apache.org/licenses/LICENSE-2.0
Codicons: copyright Microsoft Corporation; Creative Commons Attribution 4.0, https://creativecommons.org/licenses/by/4.0/`

/** The licence text of each package that is in the bundle, as those licences ask. */
async function licences() {
  const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([input, { bytesInOutput }]) => (bytesInOutput > 0 ? [input] : [])),
  )
  const roots = new Set(inputs.flatMap((input) => input.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []))
  const texts = [FONTS]
  for (const root of [...roots].sort()) {
    const { name, version, license } = JSON.parse(await readFile(path.join(here, root, 'package.json'), 'utf8'))
    const candidates = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENCE', 'license', 'license.md', 'License.md', 'LICENSE-MIT']
    const found = await Promise.all(candidates.map((file) => readFile(path.join(here, root, file), 'utf8').catch(() => '')))
    texts.push(`${name} ${version} (${license})\n\n${found.find(Boolean) ?? ''}`.trim())
  }
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

await rm(target, { recursive: true, force: true })
await mkdir(target)
const pack = async (name, contents) => {
  const zipped = gzipSync(contents, { level: 9 })
  zipped[9] = 255 // the header's "operating system" byte: unknown, so that it does not depend on who builds
  await writeFile(path.join(target, `${name}.gz`), zipped)
}

const page = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint === entryPoints.graphiql)
const manifest = {}
for (const { path: file, contents } of outputFiles) {
  const name = path.basename(file)
  // Workers and lazy parts bring copies of the editor's style sheet; the page's own one holds it already.
  if (name.endsWith('.css') && name !== path.basename(page.cssBundle)) continue
  const [, entry, kind] = name.match(/^(.*)-[^-]*\.(\w+)$/)
  if (entry in entryPoints) manifest[`${entry}.${kind}`] = name
  await pack(name, contents)
}
const terms = await licences()
manifest['licences.txt'] = `licences-${createHash('sha256').update(terms).digest('hex').slice(0, 8).toUpperCase()}.txt`
await pack(manifest['licences.txt'], terms)
const sorted = Object.fromEntries(Object.entries(manifest).sort())
await writeFile(path.join(target, 'manifest.json'), `${JSON.stringify(sorted, null, 2)}\n`)
console.log(sorted)

// The editor, with the features this page uses and no others. Aliased over monaco-graphql's own choice, which is all of
// Monaco. Two omissions are for the reader's sake, not for size: the Unicode highlighter, which frames every full-width
// comma of a Chinese sentence as suspicious, and the formatting menu, since GraphiQL brings its own "Prettify".
import 'monaco-editor/esm/vs/basic-languages/graphql/graphql.contribution.js'
import 'monaco-editor/esm/vs/language/json/monaco.contribution.js'
import 'monaco-editor/esm/vs/editor/browser/coreCommands.js'
import 'monaco-editor/esm/vs/editor/browser/widget/codeEditor/codeEditorWidget.js'
import 'monaco-editor/esm/vs/editor/contrib/bracketMatching/browser/bracketMatching.js'
import 'monaco-editor/esm/vs/editor/contrib/clipboard/browser/clipboard.js'
import 'monaco-editor/esm/vs/editor/contrib/comment/browser/comment.js'
import 'monaco-editor/esm/vs/editor/contrib/contextmenu/browser/contextmenu.js'
import 'monaco-editor/esm/vs/editor/contrib/cursorUndo/browser/cursorUndo.js'
import 'monaco-editor/esm/vs/editor/contrib/find/browser/findController.js'
import 'monaco-editor/esm/vs/editor/contrib/folding/browser/folding.js'
import 'monaco-editor/esm/vs/editor/contrib/gotoSymbol/browser/goToCommands.js'
import 'monaco-editor/esm/vs/editor/contrib/gotoSymbol/browser/link/goToDefinitionAtPosition.js'
import 'monaco-editor/esm/vs/editor/contrib/hover/browser/hoverContribution.js'
import 'monaco-editor/esm/vs/editor/contrib/indentation/browser/indentation.js'
import 'monaco-editor/esm/vs/editor/contrib/linesOperations/browser/linesOperations.js'
import 'monaco-editor/esm/vs/editor/contrib/multicursor/browser/multicursor.js'
import 'monaco-editor/esm/vs/editor/contrib/snippet/browser/snippetController2.js'
import 'monaco-editor/esm/vs/editor/contrib/suggest/browser/suggestController.js'
import 'monaco-editor/esm/vs/editor/contrib/wordHighlighter/browser/wordHighlighter.js'
import 'monaco-editor/esm/vs/editor/contrib/wordOperations/browser/wordOperations.js'
import 'monaco-editor/esm/vs/editor/standalone/browser/quickAccess/standaloneCommandsQuickAccess.js'
import 'monaco-editor/esm/vs/editor/standalone/browser/referenceSearch/standaloneReferenceSearch.js'
import 'monaco-editor/esm/vs/editor/common/standaloneStrings.js'
import 'monaco-editor/esm/vs/base/browser/ui/codicons/codiconStyles.js'
import { editor } from 'monaco-editor/esm/vs/editor/editor.api.js'

const SCREEN = {
  light: { base: 'vs', surface: '#ffffff', accent: '#2f6f4f', argument: '#6c69ce' },
  dark: { base: 'vs-dark', surface: '#212a3b', accent: '#7cc79b', argument: '#908aff' },
}
for (const [name, { base, surface, accent, argument }] of Object.entries(SCREEN)) {
  editor.defineTheme(`ruhu-${name}`, {
    base,
    inherit: true,
    rules: [{ token: 'argument.identifier.gql', foreground: argument }],
    colors: {
      'editor.background': '#ffffff00',
      'scrollbar.shadow': '#ffffff00',
      'editorHoverWidget.background': surface,
      'editorSuggestWidget.background': surface,
      'editorWidget.background': surface,
      'menu.background': surface,
      'quickInput.background': surface,
      'textLink.foreground': accent,
      'textLink.activeForeground': accent,
      'editorLink.activeForeground': accent,
      'list.highlightForeground': accent,
      'list.focusHighlightForeground': accent,
      'list.hoverBackground': `${accent}19`,
      'editorSuggestWidget.selectedBackground': `${accent}26`,
      'editorSuggestWidget.selectedForeground': accent,
      'quickInputList.focusBackground': `${accent}26`,
      'quickInputList.focusForeground': accent,
      'menu.selectionBackground': `${accent}26`,
      'menu.selectionForeground': accent,
      'toolbar.hoverBackground': `${accent}19`,
      focusBorder: accent,
    },
  })
}

// GraphiQL names one font and no fallback, so a browser would set Chinese in its serif.
editor.onDidCreateEditor((created) =>
  created.updateOptions({
    fontFamily: '"Fira Code", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", monospace',
    fontSize: 14,
    wordWrap: 'on',
  }),
)

export * from 'monaco-editor/esm/vs/editor/editor.api.js'

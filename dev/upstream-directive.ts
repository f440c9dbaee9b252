// How the local model upstream is told to behave: a JSON object in the text of the last user message, so that it passes
// through the product and every SDK untouched: `{"sluice_upstream": {"tokens": 12, "cutAfter": 5}}`.

export type Directive = {
  /** Visible output tokens per choice, one chunk each; lowered to the request's own limit. */
  tokens: number
  inputTokens: number | null
  cachedTokens: number
  /** Billed, never on the wire. */
  reasoningTokens: number
  /** Until the first byte, and between two chunks. */
  firstMs: number
  gapMs: number
  /** After this many chunks: silence · the socket destroyed · an error event and the end. */
  stallAfter: number | null
  cutAfter: number | null
  errorAfter: number | null
  usage: 'final' | 'none' | 'wrong' | 'repeated' | 'every' | 'onFinish' | 'zero'
  /** Stands in for the usage object wherever one is sent, whatever it is. */
  usageIs: unknown
  /** The connection ends before anything was answered. */
  dropsBeforeHeaders: boolean
  /** An error answer with this status instead of a completion. */
  status: number | null
  retryAfterSeconds: number | null
  /** Headers of its answer, good or bad. */
  headers: { readonly [name: string]: string } | null
  /** What differs for requests of this upstream model, or under this key. */
  where: { readonly [modelOrKey: string]: DirectiveChange } | null
  /** The body is written in pieces of this many bytes, each its own packet as far as Node can say. */
  splitBytes: number | null
  lineEnd: 'lf' | 'crlf' | 'cr'
  /** `data:{…}` instead of `data: {…}` · a byte order mark first · no `[DONE]` · no line end after the last frame. */
  hasNoSpace: boolean
  hasBom: boolean
  hasNoDone: boolean
  hasNoFinalNewline: boolean
  /** Calls `get_weather` instead of any text · `get_weather` and `get_time` at once · this tool of the client's, after the text. */
  toolCalls: boolean
  parallelToolCalls: boolean
  call: { name: string; input: unknown } | null
  /** Visible thoughts before the text. */
  thinking: string | null
  /** Each word of a stream is this long, for answers that no buffer on the way can swallow. */
  wordBytes: number | null
  /** The answer's text, cut into words; `tokens` follows from it. */
  text: string | null
  /** Served instead of the tier that was asked for. */
  serviceTier: string | null
  /** Written as the stream's whole body, byte for byte. */
  raw: string | null
  /** Three words, and then what no upstream should do (upstream-hostile.ts). */
  hostility: Hostility | null
}

/** What a broken or hostile upstream does after three words (upstream-hostile.ts). */
export type Hostility =
  /** A line without an end · one of 100 MB · comments without an end. */
  | 'endlessLine'
  | 'longLine'
  | 'endlessComments'
  /** Brackets in brackets, hundreds of thousands deep, in a chunk or a body that is otherwise good. */
  | 'deep'
  /** Ends in the middle of a character. */
  | 'halfCharacter'
  /** Compressed as the header says · as no header says · and half a gigabyte when unpacked. */
  | 'gzip'
  | 'gzipUndeclared'
  | 'gzipBomb'
  /** A page without an end, under its own type. */
  | 'wrongType'
  /** The whole stream twice in one. */
  | 'twice'
  /** The framing of the transfer itself is broken. */
  | 'brokenTransfer'
  | 'redirect'
  /** Half a gigabyte, with and without its length. */
  | 'huge'
  | 'hugeStated'

const friendlyText =
  'Hello! This answer comes from the model upstream of the local world, so it costs nobody anything. ' +
  'Put a real key into .dev.vars, and the same request is answered by the real provider, at its real price.'

export const friendlyDirective: Directive = {
  tokens: 40,
  inputTokens: null,
  cachedTokens: 0,
  reasoningTokens: 0,
  firstMs: 15,
  gapMs: 15,
  stallAfter: null,
  cutAfter: null,
  errorAfter: null,
  usage: 'final',
  usageIs: null,
  dropsBeforeHeaders: false,
  status: null,
  retryAfterSeconds: null,
  headers: null,
  where: null,
  splitBytes: null,
  lineEnd: 'lf',
  hasNoSpace: false,
  hasBom: false,
  hasNoDone: false,
  hasNoFinalNewline: false,
  toolCalls: false,
  parallelToolCalls: false,
  call: null,
  thinking: null,
  wordBytes: null,
  text: friendlyText,
  serviceTier: null,
  raw: null,
  hostility: null,
}

/** What tests write into a message: only what differs from the friendly answer, with no delays unless asked for. */
export type DirectiveChange = Partial<Directive>

/** With a directive: as fast as it goes, and words that count themselves. */
const plain: Directive = { ...friendlyDirective, firstMs: 0, gapMs: 0, text: null }

const marker = '{"sluice_upstream":'

/** The text to put into a user message. */
export function directiveText(change: DirectiveChange): string {
  return `${marker}${JSON.stringify(change)}}`
}

/** The friendly one where the text has none; an error sentence where it has one that is not understood. */
export function readDirective(text: string, asked: readonly string[] = []): Directive | string {
  const compact = text.replace('{"sluice_upstream": ', marker)
  const start = compact.indexOf(marker)
  if (start === -1) return friendlyDirective
  const change = parseObjectAt(compact, start)
  if (change === undefined) return 'sluice_upstream: the directive is not a JSON object'
  const unknown = Object.keys(change).find((name) => !(name in friendlyDirective) && name !== 'crlf')
  if (unknown !== undefined) return `sluice_upstream: there is no directive "${unknown}"`
  const lineEnd = 'crlf' in change && change['crlf'] === true ? { lineEnd: 'crlf' as const } : {}
  // The stand-in trusts the tests that write directives; a wrong name is the mistake worth catching.
  const directive: Directive = { ...plain, ...(change as DirectiveChange), ...lineEnd }
  const differing = asked.flatMap((name) => directive.where?.[name] ?? [])
  return Object.assign(directive, ...differing)
}

function parseObjectAt(text: string, start: number): { [name: string]: unknown } | undefined {
  // The directive may be followed by other text: tried at each closing brace, nearest first.
  for (let end = text.indexOf('}', start); end !== -1; end = text.indexOf('}', end + 1)) {
    const value = parse(text.slice(start, end + 1))
    if (typeof value !== 'object' || value === null || !('sluice_upstream' in value)) continue
    const change = value.sluice_upstream
    return typeof change === 'object' && change !== null ? { ...change } : undefined
  }
  return undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not a whole object yet: the caller tries a longer piece.
    return undefined
  }
}

// The fields of one server-sent event, by the rules of the HTML standard.

export type FrameFields = {
  /** The joined `data:` lines; undefined where a client would dispatch nothing. */
  data: string | undefined
  event: string | undefined
  /** Comments and no data. */
  isComment: boolean
}

// Without state between calls: a frame is whole, so no character is ever cut. A byte order mark is removed by hand.
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

const lf = 0x0a
const cr = 0x0d
const dataPrefix = [0x64, 0x61, 0x74, 0x61, 0x3a]
const space = 0x20

/** Only the first frame of a stream may begin with a byte order mark. */
export function parseFrame(bytes: Uint8Array, isFirst: boolean): FrameFields {
  const single = singleDataLine(bytes)
  if (single !== undefined) return { data: single, event: undefined, isComment: false }
  const text = decoder.decode(bytes)
  return parseLines(isFirst && text.startsWith('\uFEFF') ? text.slice(1) : text)
}

/** The data of `data: …` LF LF, which is nearly every frame there is, without splitting lines. */
function singleDataLine(bytes: Uint8Array): string | undefined {
  const end = bytes.length - 2
  if (end < dataPrefix.length || bytes.indexOf(lf) !== end || bytes[end + 1] !== lf) return undefined
  if (dataPrefix.some((byte, index) => bytes[index] !== byte) || bytes.includes(cr)) return undefined
  const start = bytes[dataPrefix.length] === space ? dataPrefix.length + 1 : dataPrefix.length
  return decoder.decode(bytes.subarray(start, end))
}

function parseLines(text: string): FrameFields {
  const data: string[] = []
  let event: string | undefined
  let isComment = false
  for (const line of text.split(/\r\n|\r|\n/)) {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (colon === 0) isComment = true
    else if (name === 'data') data.push(value)
    else if (name === 'event' && value !== '') event = value
  }
  if (data.length === 0) return { data: undefined, event, isComment }
  return { data: data.join('\n'), event, isComment: false }
}

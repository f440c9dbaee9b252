// Server-sent events as text. Whatever is passed in, one call writes one event: a line end inside a value can never begin
// another field or another event.

const lineEnds = /\r\n|\r|\n/g

/** One event. JSON has no raw line ends; text that has some becomes several `data:` lines of the same event. */
export function sseData(json: string): string {
  return `data: ${json.replace(lineEnds, '\ndata: ')}\n\n`
}

/** An event with a name; its id, if it has one, is what a client that comes back says it has heard. */
export function sseEvent({ event, id, json }: { event: string; id?: string; json: string }): string {
  const idLine = id === undefined ? '' : `id: ${id.replace(lineEnds, ' ')}\n`
  return `event: ${event.replace(lineEnds, ' ')}\n${idLine}${sseData(json)}`
}

/**
 * A comment and ONE newline. With a blank line behind it, openai-python up to 2.37 and openai-go dispatch an empty event
 * and fail; the blank line of the next event closes it just as well.
 */
export function sseComment(text: string): string {
  return `: ${text.replace(lineEnds, ' ')}\n`
}

// What the load generator asks the bench's upstream for, and the mark by which a chunk's way is timed. All processes run on
// one machine, so that they read one clock.

/** In the message of the request: how many chunks, how far apart, and how long until the first. */
export function directive(chunks: number, gapMs: number, firstMs: number): string {
  return `chunks=${chunks} gap=${gapMs} first=${firstMs} Say something.`
}

export function chunkCount(body: string): number {
  return Number(/chunks=(\d+)/.exec(body)?.[1] ?? 1)
}

export function chunkGapMs(body: string): number {
  return Number(/gap=(\d+)/.exec(body)?.[1] ?? 0)
}

export function firstChunkMs(body: string): number {
  return Number(/first=(\d+)/.exec(body)?.[1] ?? 0)
}

/** Microseconds of the machine's steady clock, framed so that they are found in any bytes. */
export function timeMark(): string {
  return `@${nowMicros()}@`
}

export function nowMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n)
}

const mark = /@(\d+)@/g

/** The times in a piece of a stream, and what may be the beginning of a further mark. */
export function readMarks(text: string): { micros: readonly number[]; rest: string } {
  const micros: number[] = []
  let end = 0
  for (const match of text.matchAll(mark)) {
    micros.push(Number(match[1]))
    end = match.index + match[0].length
  }
  return { micros, rest: text.slice(Math.max(end, text.length - markCharactersMax)) }
}

/** `@`, up to 17 digits of microseconds, `@`. */
const markCharactersMax = 19

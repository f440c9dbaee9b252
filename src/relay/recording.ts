// One answer as it grows: whole events in, read from any place by as many as like, each at its own pace. What is not yet a row
// is at most one piece. Knows no dialect and no client.

/** Rows of equal length but for the last one. */
export type Pieces = {
  put(index: number, bytes: Uint8Array): void
  get(index: number): Uint8Array
}

export type RecordingBounds = { pieceBytes: number; answerBytesMax: number }

export class Recording {
  readonly #pieces: Pieces
  readonly #bounds: RecordingBounds
  /** The last piece, in the chunks that it was given in; each with its place in the answer. */
  #tail: { at: number; bytes: Uint8Array }[] = []
  #tailIndex = 0
  #bytes = 0
  #isTailKept = true
  #isEnded = false
  #isFull = false
  #changed = Promise.withResolvers<void>()

  constructor(pieces: Pieces, bounds: RecordingBounds) {
    this.#pieces = pieces
    this.#bounds = bounds
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** False where it has ended, or would become longer than may be: then none of it was taken, nor of anything after it. */
  append(given: Uint8Array): boolean {
    if (this.#isEnded || this.#isFull) return false
    this.#isFull = this.#bytes + given.length > this.#bounds.answerBytesMax
    if (this.#isFull) return false
    this.#add(given)
    return true
  }

  /** The last words of an answer have their place even where it is full. */
  appendEnding(given: Uint8Array): void {
    if (!this.#isEnded) this.#add(given)
  }

  #add(given: Uint8Array): void {
    // A copy: what is given is a view of a chunk that would be kept as a whole.
    let rest = given.slice()
    while (rest.length > 0) {
      const room = (this.#tailIndex + 1) * this.#bounds.pieceBytes - this.#bytes
      const bytes = rest.subarray(0, room)
      this.#tail.push({ at: this.#bytes, bytes })
      this.#bytes += bytes.length
      this.#isTailKept = false
      rest = rest.subarray(bytes.length)
      if (bytes.length === room) this.#closePiece()
    }
    this.#tell()
  }

  /** Everything so far is in rows afterwards. */
  keep(): void {
    if (this.#isTailKept) return
    this.#pieces.put(this.#tailIndex, joined(this.#tail.map(({ bytes }) => bytes)))
    this.#isTailKept = true
  }

  end(): void {
    if (this.#isEnded) return
    this.keep()
    this.#isEnded = true
    this.#tail = []
    this.#tell()
  }

  /** What stands from there on, a piece at most; empty at the end of what there is. */
  readFrom(place: number): Uint8Array {
    if (place >= this.#bytes) return new Uint8Array(0)
    const index = Math.floor(place / this.#bounds.pieceBytes)
    const start = index * this.#bounds.pieceBytes
    if (this.#isEnded || index < this.#tailIndex) return this.#pieces.get(index).subarray(place - start)
    // From the back: who reads along needs the newest chunk alone.
    const first = this.#tail.findLastIndex(({ at }) => at <= place)
    const chunks = this.#tail.slice(first)
    const [head] = chunks
    return joined(chunks.map(({ bytes }) => bytes)).subarray(place - (head?.at ?? place))
  }

  /** Resolves when there is more, or the end. */
  changed(): Promise<void> {
    return this.#changed.promise
  }

  /** Makes the rows of an earlier process an answer again, which may get an ending and then is over. */
  static restored(pieces: Pieces, bytes: number, bounds: RecordingBounds): Recording {
    const recording = new Recording(pieces, bounds)
    recording.#bytes = bytes
    recording.#tailIndex = Math.floor(bytes / bounds.pieceBytes)
    const start = recording.#tailIndex * bounds.pieceBytes
    if (bytes > start)
      recording.#tail = [{ at: start, bytes: pieces.get(recording.#tailIndex).subarray(0, bytes - start) }]
    return recording
  }

  #closePiece(): void {
    this.keep()
    this.#tailIndex += 1
    this.#tail = []
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks
  if (only !== undefined && chunks.length === 1) return only
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** What was kept of an answer in one piece. */
export function wholeOf(pieces: Pieces, bytes: number, bounds: RecordingBounds): Uint8Array {
  const whole = new Uint8Array(bytes)
  for (let at = 0; at < bytes; at += bounds.pieceBytes)
    whole.set(pieces.get(at / bounds.pieceBytes).subarray(0, bytes - at), at)
  return whole
}

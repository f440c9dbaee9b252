// Server-sent events out of bytes: the same frames wherever the network cut them, each with its raw bytes. Not for what
// the events mean.

import { type FrameFields, parseFrame } from './parse.ts'

/** One event of a stream, or a run of comments, with its bytes as they came. All frames' bytes together are the stream's. */
export type Frame = FrameFields & { bytes: Uint8Array }

/** A vendor's largest event is some hundred KB (an image in one piece); beyond this an upstream is broken or hostile. */
export const frameBytesMax = 1024 * 1024

/** Thrown by `push`: the stream cannot be read on. */
export class FrameTooLarge extends Error {
  override readonly name = 'FrameTooLarge'
}

const lf = 0x0a
const cr = 0x0d

export class FrameReader {
  /** The bytes of a frame that has not ended yet. */
  #held = new Uint8Array(0)
  #heldLength = 0
  #isFirstFrame = true

  // Where the scan stands: at the start of a line, right after a CR that ended a line, right after a CR that ended a
  // blank line (a LF that follows still belongs to the frame).
  #atLineStart = true
  #isAfterCr = false
  #isClosing = false
  readonly #bytesMax: number

  /** Of an upstream no event may be larger than `frameBytesMax`; what was recorded here is read back whatever its size. */
  constructor(bytesMax = frameBytesMax) {
    this.#bytesMax = bytesMax
  }

  /** Every byte so far belongs to a whole event. */
  get isBetweenFrames(): boolean {
    return this.#heldLength === 0
  }

  /** The frames that these bytes complete. A chunk of whole LF-terminated events is cut without being copied. */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = []
    // Almost no upstream sends CR, and without it the platform's own search finds the line ends.
    const isPlain = !this.#isAfterCr && !this.#isClosing && chunk.indexOf(cr) === -1
    let start = 0
    while (start < chunk.length) {
      const end = isPlain ? this.#findEndOfPlain(chunk, start) : this.#findEnd(chunk, start)
      if (end === undefined) break
      frames.push(this.#take(chunk.subarray(start, end)))
      start = end
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start))
    return frames
  }

  /**
   * The last frame of a stream that ended without a blank line. It gets the line ends that it lacks, so that a client
   * dispatches it and whatever is written after it stands alone.
   */
  end(): Frame[] {
    if (this.#heldLength === 0) return []
    if (!this.#isClosing) this.#hold(new Uint8Array(this.#atLineStart ? [lf] : [lf, lf]))
    this.#atLineStart = true
    this.#isAfterCr = false
    this.#isClosing = false
    return [this.#take(new Uint8Array(0))]
  }

  #findEndOfPlain(chunk: Uint8Array, from: number): number | undefined {
    let lineStart = from
    let isWholeLine = this.#atLineStart
    for (;;) {
      const at = chunk.indexOf(lf, lineStart)
      if (at === -1) {
        this.#atLineStart = isWholeLine && lineStart === chunk.length
        return undefined
      }
      if (isWholeLine && at === lineStart) {
        this.#atLineStart = true
        return at + 1
      }
      isWholeLine = true
      lineStart = at + 1
    }
  }

  #findEnd(chunk: Uint8Array, from: number): number | undefined {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (this.#isClosing) {
        this.#isClosing = false
        return byte === lf ? at + 1 : at
      }
      if (byte === lf && this.#isAfterCr) {
        this.#isAfterCr = false
      } else if (byte === lf || byte === cr) {
        const isBlank = this.#atLineStart
        this.#atLineStart = true
        this.#isAfterCr = byte === cr && !isBlank
        if (isBlank && byte === lf) return at + 1
        this.#isClosing = isBlank
      } else {
        this.#atLineStart = false
        this.#isAfterCr = false
      }
    }
    return undefined
  }

  #take(rest: Uint8Array): Frame {
    let bytes = rest
    if (this.#heldLength > 0) {
      this.#hold(rest)
      bytes = this.#held.slice(0, this.#heldLength)
      this.#heldLength = 0
    }
    this.#refuseTooLarge(bytes.length)
    const frame = { bytes, ...parseFrame(bytes, this.#isFirstFrame) }
    this.#isFirstFrame = false
    return frame
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#heldLength + bytes.length
    this.#refuseTooLarge(length)
    if (length > this.#held.length) {
      // Twice as much as needed: a frame that comes byte by byte is not copied at every byte.
      const larger = new Uint8Array(length * 2)
      larger.set(this.#held.subarray(0, this.#heldLength))
      this.#held = larger
    }
    this.#held.set(bytes, this.#heldLength)
    this.#heldLength = length
  }

  #refuseTooLarge(length: number): void {
    if (length > this.#bytesMax)
      throw new FrameTooLarge(`an event of the stream is larger than ${this.#bytesMax} bytes`)
  }
}

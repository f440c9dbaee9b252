// A JSON object on its way through: its bytes go on as they came, however many they are, but for the few fields of its top level
// that are read here or written by us. Holds no more than one name or one small value.

import { readJson } from '#core/readers.ts'

export type PassedFields = {
  /** Read, and passed on all the same. */
  noted: ReadonlySet<string>
  /** Read and not passed on: what takes their place comes with `closing`. */
  withheld: ReadonlySet<string>
  /** The JSON text that takes the place of a field's value. */
  replaced: ReadonlyMap<string, string>
}

/** Of a value that is read, or a name. An answer with a longer one is none of the kind that is expected. */
const keptBytesMax = 65_536

type Place =
  | 'before'
  /** Between two members; their commas and spaces wait until it is known what becomes of the next one. */
  | 'gap'
  | 'name'
  | 'colon'
  | 'value'
  | 'after'

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** Of nested values: what begins or ends something, and quotes. */
const structural = new Uint8Array(256)
for (const character of '"[]{}') structural[character.charCodeAt(0)] = 1
const isOpening = (byte: number) => byte === 0x5b || byte === 0x7b

const encoder = new TextEncoder()

export class PassedBody {
  readonly #fields: PassedFields
  #place: Place = 'before'
  #isBroken = false
  #isEmpty = true
  readonly #seen = new Set<string>()
  readonly #values = new Map<string, unknown>()
  /** What is put together across chunks: the gap, the name, the value that is read. */
  #kept: number[] = []
  #gap = ''
  #name = ''
  #isPassed = true
  #isRead = false
  // Within a value.
  #depth = 0
  #isText = false
  #isEscaped = false
  #isScalar = false

  constructor(fields: PassedFields) {
    this.#fields = fields
  }

  /** The closing brace has come. */
  get isWhole(): boolean {
    return this.#place === 'after'
  }

  /** This is no JSON object, or one with a name or value that is absurdly long. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  has(name: string): boolean {
    return this.#seen.has(name)
  }

  value(name: string): unknown {
    return this.#values.get(name)
  }

  /** What goes on of this chunk: views of it, and what was held back before. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const out: Uint8Array[] = []
    let at = 0
    while (at < chunk.length && !this.#isBroken) at = this.#step(chunk, at, out)
    return out
  }

  /** More members, as JSON texts, and the end. */
  closing(members: ReadonlyMap<string, string>): Uint8Array {
    const texts = [...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`)
    const before = this.#isEmpty || texts.length === 0 ? '' : ','
    return encoder.encode(`${before}${texts.join(',')}${this.#gap}}${this.#keptText()}`)
  }

  /** Reads on from `at` and says how far it came. */
  #step(chunk: Uint8Array, at: number, out: Uint8Array[]): number {
    const byte = chunk[at] ?? 0
    switch (this.#place) {
      case 'before':
        out.push(chunk.subarray(at, at + 1))
        if (byte === 0x7b) this.#place = 'gap'
        else if (!isSpace(byte)) this.#isBroken = true
        return at + 1
      case 'gap':
        return this.#stepGap(byte, at)
      case 'name':
        this.#keep(byte)
        if (this.#endsText(byte)) this.#endName()
        return at + 1
      case 'colon':
        if (byte === colon) {
          this.#place = 'value'
          this.#depth = 0
          this.#isScalar = false
          this.#begin(out)
        } else if (!isSpace(byte)) this.#isBroken = true
        return at + 1
      case 'value':
        return this.#stepValue(chunk, at, out)
      case 'after':
        // Spaces belong to the body; of anything else nothing goes on.
        if (isSpace(byte)) this.#keep(byte)
        return at + 1
    }
  }

  #stepGap(byte: number, at: number): number {
    if (byte === 0x7d) {
      this.#gap = this.#keptText().replace(',', '')
      this.#kept = []
      this.#place = 'after'
    } else if (byte === quote) {
      this.#gap = this.#keptText()
      this.#kept = [quote]
      this.#isText = true
      this.#place = 'name'
    } else if (byte === comma || isSpace(byte)) this.#keep(byte)
    else this.#isBroken = true
    return at + 1
  }

  #endName(): void {
    const name = readJson(this.#keptText())
    if (typeof name !== 'string') this.#isBroken = true
    this.#name = String(name)
    this.#seen.add(this.#name)
    const { noted, withheld, replaced } = this.#fields
    this.#isPassed = !withheld.has(this.#name) && !replaced.has(this.#name)
    this.#isRead = noted.has(this.#name) || withheld.has(this.#name)
    this.#place = 'colon'
  }

  /** The member's beginning goes out once it is known that the member does. */
  #begin(out: Uint8Array[]): void {
    const written = this.#fields.replaced.get(this.#name)
    if (this.#isPassed || written !== undefined) {
      // A comma stands before the first member that is passed on where one before it was not.
      const gap = this.#isEmpty ? this.#gap.replace(',', '') : this.#gap
      this.#isEmpty = false
      out.push(encoder.encode(`${gap}${this.#keptText()}:${written ?? ''}`))
    }
    this.#kept = []
  }

  #stepValue(chunk: Uint8Array, at: number, out: Uint8Array[]): number {
    const end = this.#endOfValue(chunk, at)
    const part = chunk.subarray(at, end.at)
    if (this.#isPassed) out.push(part)
    if (this.#isRead) for (const byte of part) this.#keep(byte)
    if (!end.isEnd) return end.at
    if (this.#isRead) this.#values.set(this.#name, readJson(this.#keptText()))
    this.#kept = []
    this.#place = 'gap'
    return end.at
  }

  #endOfValue(chunk: Uint8Array, from: number): { at: number; isEnd: boolean } {
    let at = from
    while (at < chunk.length) {
      if (this.#isText) {
        at = this.#afterText(chunk, at)
        if (!this.#isText && this.#depth === 0) return { at, isEnd: true }
        continue
      }
      const byte = chunk[at] ?? 0
      if (this.#depth === 0) {
        if (this.#isScalar && (byte === comma || byte === 0x7d || isSpace(byte))) return { at, isEnd: true }
        if (byte === quote) this.#isText = true
        else if (isOpening(byte)) this.#depth = 1
        else if (!isSpace(byte)) this.#isScalar = true
        at += 1
        continue
      }
      // The numbers of a vector: nothing to see until its bracket.
      while (at < chunk.length && structural[chunk[at] ?? 0] === 0) at += 1
      if (at === chunk.length) break
      const found = chunk[at] ?? 0
      at += 1
      if (found === quote) this.#isText = true
      else this.#depth += isOpening(found) ? 1 : -1
      if (this.#depth === 0) return { at, isEnd: true }
    }
    return { at: chunk.length, isEnd: false }
  }

  /** The place behind the text's closing quote, or the chunk's end. */
  #afterText(chunk: Uint8Array, from: number): number {
    // Most texts are base64: long, and without a backslash.
    const found = chunk.indexOf(quote, from)
    const end = found === -1 ? chunk.length : found
    if (!this.#isEscaped && !chunk.subarray(from, end).includes(backslash)) {
      this.#isText = found === -1
      return found === -1 ? end : end + 1
    }
    for (let at = from; at < chunk.length; at += 1) if (this.#endsText(chunk[at] ?? 0)) return at + 1
    return chunk.length
  }

  #endsText(byte: number): boolean {
    if (this.#isEscaped) this.#isEscaped = false
    else if (byte === backslash) this.#isEscaped = true
    else if (byte === quote) {
      this.#isText = false
      return true
    }
    return false
  }

  #keep(byte: number): void {
    if (this.#kept.length >= keptBytesMax) this.#isBroken = true
    else this.#kept.push(byte)
  }

  #keptText(): string {
    return new TextDecoder().decode(new Uint8Array(this.#kept))
  }
}

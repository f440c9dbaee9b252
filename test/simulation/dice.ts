// Chance that can be repeated: everything random in a simulated world comes from here, named, so that what one part draws
// never changes what another draws. That is what lets a failing schedule be shrunk.

export class Dice {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(name: string) {
    const word = wordsOf(name)
    this.#a = word()
    this.#b = word()
    this.#c = word()
    for (let turn = 0; turn < 12; turn += 1) this.word()
  }

  /** 32 random bits (sfc32). */
  word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + sum) | 0
    return sum >>> 0
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + (this.word() % (most - least + 1))
  }

  chance(percent: number): boolean {
    return this.word() % 10_000 < percent * 100
  }

  pick<Choice>(choices: readonly [Choice, ...Choice[]]): Choice {
    return choices[this.word() % choices.length] ?? choices[0]
  }

  readonly bytes = (count: number): Uint8Array => {
    const bytes = new Uint8Array(count)
    for (let index = 0; index < count; index += 1) bytes[index] = this.word() & 0xff
    return bytes
  }
}

/** Words that depend on every character of a name. */
function wordsOf(name: string): () => number {
  let hash = 1_779_033_703 ^ name.length
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 3_432_918_353)
    hash = (hash << 13) | (hash >>> 19)
  }
  return () => {
    hash = Math.imul(hash ^ (hash >>> 16), 2_246_822_507)
    hash = Math.imul(hash ^ (hash >>> 13), 3_266_489_909)
    hash ^= hash >>> 16
    return hash >>> 0
  }
}

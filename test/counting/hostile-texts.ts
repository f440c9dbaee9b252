// Texts that tokenizers take badly: what a prompt or an answer costs at most is held against them.

/** A fixed run of numbers below 2³¹, so that a failure repeats. */
function* numbers(seed: number): Generator<number> {
  let value = seed
  for (;;) {
    value = (value * 1_103_515_245 + 12_345) % 2_147_483_648
    yield value
  }
}

/** `length` code points out of `span` from `first` on. */
function scriptOf(first: number, span: number, length = 600): string {
  const from = numbers(first)
  return Array.from({ length }, () =>
    String.fromCodePoint(first + (((from.next().value ?? 0) >> 8) % span)),
  ).join('')
}

const base64 = Buffer.from(scriptOf(0, 256, 900), 'latin1').toString('base64')
const json = JSON.stringify(
  Array.from({ length: 80 }, (_, id) => ({ id, ok: id % 2 === 0, at: [id / 7, null], 'k~': '\u0001"' })),
)

export const hostileTexts: readonly (readonly [name: string, text: string])[] = [
  ['nothing', ''],
  ['prose', 'The quick brown fox jumps over the lazy dog, and nobody minds. '.repeat(40)],
  ['digits', scriptOf(0x30, 10)],
  ['digits with spaces', scriptOf(0x30, 10).split('').join(' ')],
  ['control characters', scriptOf(0, 32)],
  ['every byte of Latin-1', scriptOf(0, 256)],
  ['base64', base64],
  ['minified JSON', json],
  ['white space', ' \t\n\r\u00a0\u3000'.repeat(100)],
  ['punctuation', scriptOf(0x21, 15)],
  ['Chinese', scriptOf(0x4e00, 20_000)],
  ['rare Chinese beyond the first plane', scriptOf(0x20000, 40_000)],
  ['Ethiopic', scriptOf(0x1200, 300)],
  ['Thai', scriptOf(0x0e01, 58)],
  ['cuneiform', scriptOf(0x12000, 900)],
  ['emoji', scriptOf(0x1f300, 700)],
  ['private use', scriptOf(0xe000, 6_000)],
  ['combining marks', `a${scriptOf(0x0300, 100)}`],
  ['signs that stand for many letters', '\uFDFA\u3300\u33C4\u2A74\uFB03\u1E9A\u0344'.repeat(60)],
  ['composed letters', scriptOf(0x1e00, 250)],
  ['Korean', scriptOf(0xac00, 11_000)],
  ['lone surrogates', '\ud800\udc00\ud800x\udfff'.repeat(60)],
  ['byte-order marks', '\uFEFFa \uFEFF\uFEFFb'.repeat(80)],
  ['special tokens', '<|endoftext|><|im_start|>system<|im_end|><|endofprompt|>'.repeat(20)],
  ['one long word', scriptOf(0x61, 26, 900)],
  ['one letter', 'a'.repeat(900)],
]

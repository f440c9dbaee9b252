// Open-weight models at companies that host them: Groq, Together AI, Fireworks AI. `company` is who made a model, its id begins
// with who runs it, since prices and limits are the host's. Each with its source and the day it stood there.

import type { Model } from './model.ts'
import { compatibleParameters, compatibleReasoningParameters } from './chat-parameters.ts'
import { type ModelRow, type SharedFacts, modelsOf, seesPictures } from './model-rows.ts'

const shared = {
  region: 'us',
  supportedParameters: compatibleReasoningParameters,
  // Vision models of these families make up to 16,384 tokens of one picture.
  inputOverhead: { baseTokens: 64, perMessageTokens: 8, perToolTokens: 80, imageTokensMax: 16_400 },
} satisfies Partial<Model>

const groq: SharedFacts = { ...shared, provider: 'groq' }
const together: SharedFacts = { ...shared, provider: 'together' }
const fireworks: SharedFacts = { ...shared, provider: 'fireworks' }

const onTogether = (rest: string) => `models.dev, providers/togetherai/models/${rest}.toml`
const onFireworks = 'Fireworks AI documentation, Serverless pricing'

const groqModels: readonly ModelRow[] = [
  {
    id: 'groq/gpt-oss-120b',
    upstreamId: 'openai/gpt-oss-120b',
    name: 'GPT-OSS 120B (Groq)',
    company: 'OpenAI',
    contextLength: 131_072,
    outputTokensMax: 65_536,
    tokensPerSecond: 500,
    rates: { input: '0.15', cacheRead: '0.075', output: '0.6' },
    source: 'Groq documentation, model page openai/gpt-oss-120b',
    asOf: '2026-09-07',
  },
]

const togetherModels: readonly ModelRow[] = [
  {
    ...seesPictures,
    id: 'together/kimi-k3',
    upstreamId: 'moonshotai/Kimi-K3',
    name: 'Kimi K3 (Together AI)',
    company: 'Moonshot AI',
    contextLength: 1_048_576,
    outputTokensMax: 262_144,
    tokensPerSecond: 60,
    rates: { input: '3', cacheRead: '0.3', output: '15' },
    source: onTogether('moonshotai/Kimi-K3'),
    asOf: '2026-07-27',
  },
  {
    id: 'together/glm-5.3',
    upstreamId: 'zai-org/GLM-5.3',
    name: 'GLM-5.3 (Together AI)',
    company: 'Z.ai',
    contextLength: 1_048_575,
    outputTokensMax: 262_144,
    tokensPerSecond: 70,
    rates: { input: '1.4', cacheRead: '0.26', output: '4.4' },
    source: onTogether('zai-org/GLM-5.3'),
    asOf: '2026-09-23',
  },
  {
    id: 'together/deepseek-v4.1-flash',
    upstreamId: 'deepseek-ai/DeepSeek-V4.1-Flash',
    name: 'DeepSeek V4.1 Flash (Together AI)',
    company: 'DeepSeek',
    contextLength: 1_048_576,
    outputTokensMax: 393_216,
    tokensPerSecond: 80,
    rates: { input: '0.3', cacheRead: '0.01', output: '1.2' },
    source: onTogether('deepseek-ai/DeepSeek-V4.1-Flash'),
    asOf: '2026-09-08',
  },
  {
    ...seesPictures,
    id: 'together/qwen3.5-397b',
    upstreamId: 'Qwen/Qwen3.5-397B-A17B',
    name: 'Qwen3.5 397B A17B (Together AI)',
    company: 'Alibaba',
    contextLength: 262_144,
    outputTokensMax: 130_000,
    tokensPerSecond: 70,
    rates: { input: '0.6', cacheRead: '0.35', output: '3.6' },
    source: onTogether('Qwen/Qwen3.5-397B-A17B'),
    asOf: '2026-06-14',
  },
  {
    ...seesPictures,
    id: 'together/gemma-4-31b',
    upstreamId: 'google/gemma-4-31B-it',
    name: 'Gemma 4 31B (Together AI)',
    company: 'Google',
    contextLength: 262_144,
    outputTokensMax: 131_072,
    tokensPerSecond: 90,
    rates: { input: '0.39', output: '0.97' },
    source: onTogether('google/gemma-4-31B-it'),
    asOf: '2026-04-07',
  },
  {
    id: 'together/llama-3.3-70b',
    upstreamId: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
    name: 'Llama 3.3 70B Instruct Turbo (Together AI)',
    company: 'Meta',
    contextLength: 131_072,
    outputTokensMax: 8_192,
    tokensPerSecond: 120,
    reasoning: 'none',
    supportedParameters: compatibleParameters,
    rates: { input: '0.88', output: '0.88' },
    source: onTogether('meta-llama/Llama-3.3-70B-Instruct-Turbo'),
    asOf: '2024-12-06',
  },
]

const fireworksPath = 'accounts/fireworks/models'

const fireworksModels: readonly ModelRow[] = [
  {
    id: 'fireworks/glm-5.3',
    upstreamId: `${fireworksPath}/glm-5p3`,
    name: 'GLM-5.3 (Fireworks AI)',
    company: 'Z.ai',
    contextLength: 1_048_573,
    outputTokensMax: 262_144,
    tokensPerSecond: 100,
    rates: { input: '1.4', cacheRead: '0.26', output: '4.4' },
    source: onFireworks,
    asOf: '2026-08-29',
  },
  {
    id: 'fireworks/deepseek-v4-pro',
    upstreamId: `${fireworksPath}/deepseek-v4-pro-0813`,
    name: 'DeepSeek V4 Pro 0813 (Fireworks AI)',
    company: 'DeepSeek',
    contextLength: 1_048_576,
    outputTokensMax: 393_216,
    tokensPerSecond: 60,
    rates: { input: '1.32', cacheRead: '0.044', output: '3.96' },
    source: onFireworks,
    asOf: '2026-09-26',
  },
  {
    ...seesPictures,
    id: 'fireworks/minimax-m3',
    upstreamId: `${fireworksPath}/minimax-m3`,
    name: 'MiniMax M3 (Fireworks AI)',
    company: 'MiniMax',
    contextLength: 512_000,
    outputTokensMax: 128_000,
    tokensPerSecond: 100,
    rates: { input: '0.3', cacheRead: '0.06', output: '1.2' },
    source: 'models.dev, providers/fireworks-ai/models/accounts/fireworks/models/minimax-m3.toml',
    asOf: '2026-06-25',
  },
  {
    ...seesPictures,
    id: 'fireworks/kimi-k2.7-code',
    upstreamId: `${fireworksPath}/kimi-k2p7-code`,
    name: 'Kimi K2.7 Code (Fireworks AI)',
    company: 'Moonshot AI',
    contextLength: 262_000,
    outputTokensMax: 262_000,
    tokensPerSecond: 100,
    rates: { input: '0.95', cacheRead: '0.19', output: '4' },
    source: 'models.dev, providers/fireworks-ai/models/accounts/fireworks/models/kimi-k2p7-code.toml',
    asOf: '2026-06-12',
  },
  {
    id: 'fireworks/nemotron-3-ultra',
    upstreamId: `${fireworksPath}/nemotron-3-ultra-nvfp4`,
    name: 'Nemotron 3 Ultra (Fireworks AI)',
    company: 'NVIDIA',
    contextLength: 262_144,
    outputTokensMax: 128_000,
    tokensPerSecond: 120,
    rates: { input: '0.6', cacheRead: '0.12', output: '2.4' },
    source: 'models.dev, providers/fireworks-ai/models/accounts/fireworks/models/nemotron-3-ultra-nvfp4.toml',
    asOf: '2026-06-04',
  },
]

export const hostedModels: readonly Model[] = [
  ...modelsOf(groq, groqModels),
  ...modelsOf(together, togetherModels),
  ...modelsOf(fireworks, fireworksModels),
]

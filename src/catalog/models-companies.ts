// The models of companies with few of them: Moonshot AI, Z.ai, Alibaba Cloud, Cohere, and a server of the operator's own.
// Published list prices and limits, each with its source and the day it stood there.

import type { Model } from './model.ts'
import { compatibleParameters, compatibleReasoningParameters, kimiParameters } from './chat-parameters.ts'
import { type ModelRow, modelsOf, seesPictures } from './model-rows.ts'

/** Vision models of these families make up to 16,384 tokens of one picture. */
const inputOverhead = { baseTokens: 64, perMessageTokens: 8, perToolTokens: 80, imageTokensMax: 16_400 }

const kimi = { contextLength: 262_144, outputTokensMax: 262_144, tokensPerSecond: 60 }

const moonshotModels = modelsOf(
  {
    ...seesPictures,
    provider: 'moonshot',
    region: 'cn',
    inputOverhead,
    supportedParameters: kimiParameters,
  },
  [
    {
      ...kimi,
      id: 'kimi-k3',
      name: 'Kimi K3',
      contextLength: 1_048_576,
      rates: { input: '3', cacheRead: '0.3', output: '15' },
      source: 'Kimi API documentation, Pricing, chat-k3',
      asOf: '2026-07-16',
    },
    {
      ...kimi,
      id: 'kimi-k2.7-code',
      name: 'Kimi K2.7 Code',
      rates: { input: '0.95', cacheRead: '0.19', output: '4' },
      source: 'Kimi API documentation, Pricing, chat-k27-code',
      asOf: '2026-06-15',
    },
    {
      ...kimi,
      id: 'kimi-k2.7-code-highspeed',
      name: 'Kimi K2.7 Code HighSpeed',
      tokensPerSecond: 180,
      rates: { input: '1.9', cacheRead: '0.38', output: '8' },
      source: 'Kimi API documentation, Pricing, chat-k27-code',
      asOf: '2026-08-27',
    },
    {
      ...kimi,
      id: 'kimi-k2.6',
      name: 'Kimi K2.6',
      rates: { input: '0.95', cacheRead: '0.16', output: '4' },
      source: 'Kimi API documentation, Pricing, chat-k26',
      asOf: '2026-05-22',
    },
    {
      ...kimi,
      id: 'kimi-k2.5',
      name: 'Kimi K2.5',
      rates: { input: '0.6', cacheRead: '0.1', output: '3' },
      source: 'Kimi API documentation, Pricing, chat-k25',
      asOf: '2026-03-11',
    },
  ],
)

const glm = { contextLength: 1_000_000, outputTokensMax: 131_072, tokensPerSecond: 70 }
const zaiPricing = 'Z.ai documentation, Pricing'

const zaiModels = modelsOf(
  {
    provider: 'zai',
    region: 'cn',
    inputOverhead,
    supportedParameters: [...compatibleParameters, 'thinking'],
  },
  [
    {
      ...glm,
      id: 'glm-5.3',
      name: 'GLM-5.3',
      rates: { input: '1.4', cacheRead: '0.26', output: '4.4' },
      source: zaiPricing,
      asOf: '2026-08-26',
    },
    {
      ...glm,
      ...seesPictures,
      id: 'glm-5.3-flash',
      name: 'GLM-5.3-Flash',
      tokensPerSecond: 120,
      // The list price; the promotion of half of it ended on 2026-09-09.
      rates: { input: '0.15', cacheRead: '0.03', output: '0.5' },
      source: zaiPricing,
      asOf: '2026-08-26',
    },
    {
      ...glm,
      id: 'glm-5.2',
      name: 'GLM-5.2',
      rates: { input: '1.4', cacheRead: '0.26', output: '4.4' },
      source: zaiPricing,
      asOf: '2026-08-04',
    },
    {
      ...glm,
      ...seesPictures,
      id: 'glm-5v-turbo',
      name: 'GLM-5V-Turbo',
      contextLength: 200_000,
      rates: { input: '1.2', cacheRead: '0.24', output: '4' },
      source: 'models.dev, providers/zai/models/glm-5v-turbo.toml',
      asOf: '2026-04-01',
    },
    {
      ...glm,
      id: 'glm-4.7',
      name: 'GLM-4.7',
      contextLength: 204_800,
      rates: { input: '0.6', cacheRead: '0.11', output: '2.2' },
      source: 'models.dev, providers/zai/models/glm-4.7.toml',
      asOf: '2025-12-22',
    },
    {
      ...glm,
      id: 'glm-4.5-air',
      name: 'GLM-4.5-Air',
      contextLength: 131_072,
      outputTokensMax: 98_304,
      tokensPerSecond: 100,
      rates: { input: '0.2', cacheRead: '0.03', output: '1.1' },
      source: 'models.dev, providers/zai/models/glm-4.5-air.toml',
      asOf: '2025-07-28',
    },
  ],
)

const qwenPlus = { contextLength: 1_000_000, outputTokensMax: 65_536, tokensPerSecond: 80 }

const alibabaModels = modelsOf(
  {
    ...seesPictures,
    provider: 'alibaba',
    company: 'Alibaba',
    region: 'sg',
    inputOverhead,
    reasoning: 'budget',
    supportedParameters: [...compatibleParameters, 'enable_thinking', 'thinking_budget'],
  },
  [
    {
      ...qwenPlus,
      id: 'qwen3.7-plus',
      name: 'Qwen3.7 Plus',
      rates: { input: '0.4', cacheRead: '0.08', cacheWrite: '0.5', output: '1.6' },
      above: {
        inputTokens: 256_000,
        rates: { input: '1.2', cacheRead: '0.24', cacheWrite: '1.5', output: '4.8' },
      },
      source: 'models.dev, providers/alibaba/models/qwen3.7-plus.toml',
      asOf: '2026-06-04',
    },
    {
      ...qwenPlus,
      id: 'qwen3.6-plus',
      name: 'Qwen3.6 Plus',
      rates: { input: '0.5', cacheRead: '0.05', cacheWrite: '0.625', output: '3' },
      above: {
        inputTokens: 256_000,
        rates: { input: '2', cacheRead: '0.2', cacheWrite: '2.5', output: '6' },
      },
      source: 'models.dev, providers/alibaba/models/qwen3.6-plus.toml',
      asOf: '2026-04-02',
    },
  ],
)

/** Cohere has one price for its large models and no price of its own for cached input. */
const commandA: Pick<ModelRow, 'rates' | 'tokensPerSecond'> = {
  rates: { input: '2.5', output: '10' },
  tokensPerSecond: 100,
}

const cohereModels = modelsOf(
  { provider: 'cohere', region: 'us', inputOverhead, supportedParameters: compatibleReasoningParameters },
  [
    {
      ...commandA,
      ...seesPictures,
      id: 'command-a-plus-05-2026',
      name: 'Command A Plus',
      reasoning: 'budget',
      contextLength: 128_000,
      outputTokensMax: 64_000,
      source: 'models.dev, providers/cohere/models/command-a-plus-05-2026.toml',
      asOf: '2026-05-20',
    },
    {
      ...commandA,
      id: 'command-a-reasoning-08-2025',
      name: 'Command A Reasoning',
      reasoning: 'budget',
      contextLength: 256_000,
      outputTokensMax: 32_000,
      source: 'models.dev, providers/cohere/models/command-a-reasoning-08-2025.toml',
      asOf: '2025-08-21',
    },
    {
      ...commandA,
      id: 'command-a-03-2025',
      name: 'Command A',
      reasoning: 'none',
      supportedParameters: compatibleParameters,
      contextLength: 256_000,
      outputTokensMax: 8_000,
      source: 'Cohere, Pricing',
      asOf: '2025-07-04',
    },
    {
      id: 'command-r-08-2024',
      name: 'Command R',
      reasoning: 'none',
      supportedParameters: compatibleParameters,
      contextLength: 128_000,
      outputTokensMax: 4_000,
      tokensPerSecond: 100,
      rates: { input: '0.15', output: '0.6' },
      source: 'Cohere, Pricing',
      asOf: '2025-07-04',
    },
    {
      id: 'command-r7b-12-2024',
      name: 'Command R7B',
      reasoning: 'none',
      supportedParameters: compatibleParameters,
      contextLength: 128_000,
      outputTokensMax: 4_000,
      tokensPerSecond: 150,
      rates: { input: '0.0375', output: '0.15' },
      source: 'Cohere, Pricing',
      asOf: '2025-07-04',
    },
  ],
)

/**
 * A model on the operator's own machines, under the name that Ollama gives it. It costs the operator no provider's price and
 * is free as it stands here: a deployment that sells it puts its own rates in.
 */
const ownModels = modelsOf(
  {
    provider: 'local',
    company: 'OpenAI',
    region: 'own',
    inputOverhead,
    supportedParameters: compatibleReasoningParameters,
    // Generation ends with the connection, and the thoughts are streamed.
    cancellationPolicy: 'stop',
    stopsOnAbort: true,
  },
  [
    {
      id: 'local/gpt-oss-20b',
      upstreamId: 'gpt-oss:20b',
      name: 'GPT-OSS 20B (own server)',
      contextLength: 131_072,
      outputTokensMax: 32_768,
      tokensPerSecond: 40,
      rates: { input: '0', output: '0' },
      free: true,
      source: 'no provider bills for it',
      asOf: '2026-11-21',
    },
  ],
)

export const otherModels: readonly Model[] = [
  ...moonshotModels,
  ...zaiModels,
  ...alibabaModels,
  ...cohereModels,
  ...ownModels,
]

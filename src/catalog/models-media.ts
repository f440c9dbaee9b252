// Models for pictures, speech, video and music: real list prices in their own units. Their endpoints do not exist yet, so all
// are `unavailable`. Each with its source and the day it stood there.

import type { Modality, Model, ModelKind, PriceVariant, Prices } from './model.ts'
import { type ProviderId, providers } from './provider-table.ts'
import { usdEach, usdPerHourRoundedUp, usdPerMillion } from './rates.ts'

type MediaRow = Pick<Model, 'id' | 'name' | 'source' | 'asOf'> & {
  kind: Exclude<ModelKind, 'chat' | 'embedding' | 'moderation'>
  takes: readonly Modality[]
  gives: readonly Modality[]
  prices: Prices
  variants?: readonly PriceVariant[]
}

const mtok = usdPerMillion

const openAiPricing = 'OpenAI API documentation, Pricing'
const geminiPricing = 'Gemini API documentation, Pricing, standard paid tier'
const xaiModels = 'xAI documentation, Models'

/** Google states video per second by its size. */
const perSecond = (name: string, price: string): PriceVariant => ({
  name,
  prices: { videoSecond: usdEach(price) },
})

const openAi: readonly MediaRow[] = [
  pictures('gpt-image-2', 'GPT Image 2', ['5', '8', '30']),
  pictures('gpt-image-1.5', 'GPT Image 1.5', ['5', '8', '32']),
  pictures('gpt-image-1-mini', 'GPT Image 1 mini', ['2', '2.5', '8']),
  // Per minute, as the page estimates it for the two that are billed by tokens.
  heard('whisper-1', 'Whisper', '0.0001'),
  heard('gpt-4o-transcribe', 'GPT-4o Transcribe', '0.0001'),
  heard('gpt-4o-mini-transcribe', 'GPT-4o mini Transcribe', '0.00005'),
  spoken('tts-1', 'TTS-1', '15'),
  spoken('tts-1-hd', 'TTS-1 HD', '30'),
]

const google: readonly MediaRow[] = [
  geminiPictures('gemini-3-pro-image', 'Gemini 3 Pro Image', ['2', '12', '120']),
  geminiPictures('gemini-3.1-flash-image', 'Gemini 3.1 Flash Image', ['0.5', '3', '60']),
  geminiPictures('gemini-3.1-flash-lite-image', 'Gemini 3.1 Flash-Lite Image', ['0.25', '1.5', '30']),
  {
    ...video('veo-3.1-generate-preview', 'Veo 3.1', '0.4'),
    variants: [perSecond('4k', '0.6')],
    asOf: '2026-10-07',
  },
  {
    ...video('veo-3.1-fast-generate-preview', 'Veo 3.1 Fast', '0.1'),
    variants: [perSecond('1080p', '0.12'), perSecond('4k', '0.3')],
  },
  {
    ...video('veo-3.1-lite-generate-preview', 'Veo 3.1 Lite', '0.05'),
    variants: [perSecond('1080p', '0.08')],
  },
]

const xai: readonly MediaRow[] = [
  {
    ...video('grok-imagine-video-1.5', 'Grok Imagine Video 1.5', '0.08'),
    source: 'xAI documentation, Imagine pricing',
    asOf: '2026-05-30',
  },
  {
    id: 'grok-transcribe',
    name: 'Grok Transcribe',
    kind: 'transcription',
    takes: ['audio'],
    gives: ['text'],
    prices: { audioSecond: usdPerHourRoundedUp('0.2') },
    source: xaiModels,
    asOf: '2026-08-24',
  },
]

export const mediaModels: readonly Model[] = [
  ...openAi.map((row) => mediaModel('openai', row)),
  ...google.map((row) => mediaModel('google', row)),
  ...xai.map((row) => mediaModel('xai', row)),
]

function mediaModel(provider: ProviderId, { takes, gives, ...facts }: MediaRow): Model {
  const { company, outputParameter, acceptsStreamOptions } = providers[provider]
  return {
    ...facts,
    provider,
    company,
    outputParameter,
    acceptsStreamOptions,
    upstreamId: facts.id,
    region: 'us',
    dialects: [],
    contextLength: 0,
    outputTokensMax: 0,
    supportedParameters: [],
    reasoning: 'none',
    modalities: { input: takes, output: gives },
    cancellationPolicy: facts.kind === 'video' ? 'job' : 'finish',
    stopsOnAbort: false,
    visibleOutput: true,
    tokensPerSecond: 0,
    priceVersion: `${provider}-${facts.asOf}`,
    priceBasis: 'usage',
    canCache: false,
    inputOverhead: { baseTokens: 0, perMessageTokens: 0, perToolTokens: 0, imageTokensMax: 0 },
    status: 'unavailable',
  }
}

/** Text in, pictures in, pictures out: dollars per million tokens. */
function pictures(
  id: string,
  name: string,
  [input, imageInput, imageOutput]: readonly [string, string, string],
): MediaRow {
  const prices = { input: mtok(input), imageInput: mtok(imageInput), imageOutput: mtok(imageOutput) }
  const shown = { takes: ['text', 'image'], gives: ['image'] } as const
  return { id, name, kind: 'image', ...shown, prices, source: openAiPricing, asOf: '2026-08-18' }
}

/** Text and pictures in, text out (thoughts too), pictures out: dollars per million tokens. */
function geminiPictures(
  id: string,
  name: string,
  [input, output, imageOutput]: readonly [string, string, string],
): MediaRow {
  const prices = { input: mtok(input), output: mtok(output), imageOutput: mtok(imageOutput) }
  const shown = { takes: ['text', 'image'], gives: ['text', 'image'] } as const
  return { id, name, kind: 'image', ...shown, prices, source: geminiPricing, asOf: '2026-10-07' }
}

function video(id: string, name: string, price: string): MediaRow {
  const prices = { videoSecond: usdEach(price) }
  const shown = { takes: ['text', 'image'], gives: ['video'] } as const
  return { id, name, kind: 'video', ...shown, prices, source: geminiPricing, asOf: '2026-08-08' }
}

function heard(id: string, name: string, price: string): MediaRow {
  const prices = { audioSecond: usdEach(price) }
  const shown = { takes: ['audio'], gives: ['text'] } as const
  return { id, name, kind: 'transcription', ...shown, prices, source: openAiPricing, asOf: '2026-07-14' }
}

function spoken(id: string, name: string, ratePerMillion: string): MediaRow {
  const prices = { character: mtok(ratePerMillion) }
  const shown = { takes: ['text'], gives: ['audio'] } as const
  return { id, name, kind: 'speech', ...shown, prices, source: openAiPricing, asOf: '2026-09-01' }
}

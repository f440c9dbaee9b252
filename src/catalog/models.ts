// The models that are sold, company by company. Speeds in these lists are orders of magnitude for pacing, not promises.

import type { Model } from './model.ts'
import { deepSeekModels } from './models-deepseek.ts'
import { mistralModels } from './models-mistral.ts'
import { openAiModels } from './models-openai.ts'

export const models: readonly Model[] = [...openAiModels, ...deepSeekModels, ...mistralModels]

// The models that are sold, company by company. Speeds in these lists are orders of magnitude for pacing, not promises.

import type { Model } from './model.ts'
import { anthropicModels } from './models-anthropic.ts'
import { otherModels } from './models-companies.ts'
import { deepSeekModels } from './models-deepseek.ts'
import { embeddingModels } from './models-embeddings.ts'
import { googleModels } from './models-google.ts'
import { hostedModels } from './models-hosts.ts'
import { mediaModels } from './models-media.ts'
import { mistralModels } from './models-mistral.ts'
import { openAiModels } from './models-openai.ts'
import { researchModels } from './models-research.ts'
import { xaiModels } from './models-xai.ts'
import { sharedModels, withOffers } from './offers.ts'

export const models: readonly Model[] = withOffers(
  [
    ...openAiModels,
    ...deepSeekModels,
    ...mistralModels,
    ...anthropicModels,
    ...googleModels,
    ...xaiModels,
    ...hostedModels,
    ...otherModels,
    ...researchModels,
    ...embeddingModels,
    ...mediaModels,
  ],
  sharedModels,
)

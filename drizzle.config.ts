// drizzle-kit: generates `migrations/` from the schemas in src/db/. Migrations are reviewed and never edited after they have landed.
import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: './src/db/*schema.ts',
  out: './migrations',
})

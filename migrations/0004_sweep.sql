ALTER TABLE "accounts" ADD COLUMN "swept_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "accounts_swept_at" ON "accounts" USING btree ("swept_at" NULLS FIRST,"id");
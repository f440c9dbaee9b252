CREATE TABLE "subscriptions" (
	"account_id" text PRIMARY KEY NOT NULL,
	"subscription_id" text,
	"plan_id" text,
	"is_ending" boolean NOT NULL,
	"paid_until" timestamp (3) with time zone,
	"checkout_id" text,
	"asked_at" timestamp (3) with time zone,
	"seq" bigint NOT NULL,
	"looked_at" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "subscriptions_waiting" ON "subscriptions" USING btree ("looked_at" NULLS FIRST);
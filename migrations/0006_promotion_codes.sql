CREATE TABLE "promotion_codes" (
	"code" text PRIMARY KEY NOT NULL,
	"amount_nano_usd" bigint NOT NULL,
	"uses" integer DEFAULT 0 NOT NULL,
	"uses_max" integer NOT NULL,
	"credit_days" integer,
	"redeem_by" timestamp (3) with time zone,
	"is_disabled" boolean DEFAULT false NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "promotion_redemptions" (
	"code" text NOT NULL,
	"account_id" text NOT NULL,
	"amount_nano_usd" bigint NOT NULL,
	"credit_days" integer,
	"claimed_at" timestamp (3) with time zone NOT NULL,
	"credited_seq" bigint,
	CONSTRAINT "promotion_redemptions_code_account_id_pk" PRIMARY KEY("code","account_id")
);
--> statement-breakpoint
CREATE INDEX "promotion_redemptions_open" ON "promotion_redemptions" USING btree ("claimed_at") WHERE credited_seq is null;
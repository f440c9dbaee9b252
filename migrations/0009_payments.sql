CREATE TABLE "payments" (
	"order_id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"rank" integer NOT NULL,
	"net_nano_usd" bigint NOT NULL,
	"bonus_nano_usd" bigint NOT NULL,
	"tax_nano_usd" bigint,
	"received_nano_usd" bigint,
	"is_live" boolean NOT NULL,
	"checkout_id" text,
	"payment_id" text,
	"credit_seq" bigint,
	"placed_at" timestamp (3) with time zone NOT NULL,
	"looked_at" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stripe_events" (
	"id" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"object_id" text,
	"account_id" text,
	"is_live" boolean NOT NULL,
	"outcome" text NOT NULL,
	"seen_count" integer NOT NULL,
	"first_seen_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "payments_of_account" ON "payments" USING btree ("account_id","placed_at","order_id");--> statement-breakpoint
CREATE INDEX "payments_by_payment" ON "payments" USING btree ("payment_id");--> statement-breakpoint
CREATE INDEX "payments_waiting" ON "payments" USING btree ("looked_at" NULLS FIRST,"placed_at") WHERE rank < 3;--> statement-breakpoint
CREATE INDEX "stripe_events_by_time" ON "stripe_events" USING btree ("first_seen_at");
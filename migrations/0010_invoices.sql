CREATE TABLE "invoices" (
	"invoice_id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"number" integer NOT NULL,
	"state" text NOT NULL,
	"rank" integer NOT NULL,
	"amount_nano_usd" bigint NOT NULL,
	"period_start" timestamp (3) with time zone NOT NULL,
	"period_end" timestamp (3) with time zone NOT NULL,
	"cut_at" timestamp (3) with time zone NOT NULL,
	"due_at" timestamp (3) with time zone,
	"document_id" text,
	"url" text,
	"credit_seq" bigint,
	"looked_at" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "invoices_of_account" ON "invoices" USING btree ("account_id","number");--> statement-breakpoint
CREATE INDEX "invoices_waiting" ON "invoices" USING btree ("looked_at" NULLS FIRST,"cut_at") WHERE rank < 4;
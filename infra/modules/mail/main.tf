# Mail by Amazon SES: the sender's domain, signed with DKIM, and counts of what bounces or is complained about. The DNS records are the domain
# owner's to make: output dns_records.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

locals {
  configuration_set = "${var.name}-mail"
  prefix            = "arn:${var.arn_scope.partition}:ses:${var.arn_scope.region}:${var.arn_scope.account_id}"
}

resource "aws_sesv2_configuration_set" "mail" {
  configuration_set_name = local.configuration_set

  # A link in a mail is as good as a password: no server takes it in clear.
  delivery_options {
    tls_policy = "REQUIRE"
  }

  reputation_options {
    reputation_metrics_enabled = true
  }

  # An address that has bounced or complained gets nothing more: https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
  suppression_options {
    suppressed_reasons = ["BOUNCE", "COMPLAINT"]
  }
}

# As metrics, which hold no addresses.
resource "aws_sesv2_configuration_set_event_destination" "metrics" {
  configuration_set_name = aws_sesv2_configuration_set.mail.configuration_set_name
  event_destination_name = "${var.name}-mail-metrics"

  event_destination {
    enabled              = true
    matching_event_types = ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT"]

    cloud_watch_destination {
      dimension_configuration {
        # A tag that SES puts on each mail by itself.
        dimension_name          = "ses:configuration-set"
        dimension_value_source  = "MESSAGE_TAG"
        default_dimension_value = local.configuration_set
      }
    }
  }
}

resource "aws_sesv2_email_identity" "domain" {
  email_identity = var.domain
  # The set of every mail from this domain: who sends names none.
  configuration_set_name = aws_sesv2_configuration_set.mail.configuration_set_name

  dkim_signing_attributes {
    next_signing_key_length = "RSA_2048_BIT"
  }
}

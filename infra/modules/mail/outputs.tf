output "sending_arns" {
  description = "What a permission to send names: SES checks the sender's identity and the configuration set."
  value       = ["${local.prefix}:identity/${var.domain}", "${local.prefix}:configuration-set/${local.configuration_set}"]
}

output "configuration_set" {
  description = "The dimension of the metrics of bounces and complaints."
  value       = aws_sesv2_configuration_set.mail.configuration_set_name
}

output "dns_records" {
  description = "CNAME records to make in the domain: SES signs once they are there."
  value = {
    for token in aws_sesv2_email_identity.domain.dkim_signing_attributes[0].tokens :
    "${token}._domainkey.${var.domain}" => "${token}.dkim.amazonses.com"
  }
}

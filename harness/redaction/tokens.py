"""Well-known forms of tokens. Each is told by a prefix that its issuer documents, never by how random it looks: hashes,
UUIDs and names of images are evidence.

The libraries that keep such tables are scanners of repositories: they also match what is harmless here (any word after
`key:`), ask the issuer whether a token is valid, or lag behind the forms of today.
"""

from __future__ import annotations

import re

_GITLAB = ("pat", "oas", "dt", "rt", "rtr", "cbt", "ptt", "ft", "imt", "agent", "soat", "ffct", "wt")
# What the text has to contain for the form to be looked for; the form.
FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (prefix, re.compile(form))
    for prefix, form in (
        # AWS, see docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
        ("AKIA", r"\bAKIA[0-9A-Z]{16}\b"),
        ("ASIA", r"\bASIA[0-9A-Z]{16}\b"),
        # GitHub, see github.blog/2021-04-05-behind-githubs-new-authentication-token-formats
        ("ghp_", r"\bghp_[A-Za-z0-9_]{30,255}"),
        ("gho_", r"\bgho_[A-Za-z0-9_]{30,255}"),
        ("ghu_", r"\bghu_[A-Za-z0-9_.-]{30,1024}"),
        ("ghs_", r"\bghs_[A-Za-z0-9_.-]{30,1024}"),
        ("ghr_", r"\bghr_[A-Za-z0-9_]{30,255}"),
        ("github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{50,255}"),
        # GitLab, see docs.gitlab.com/security/tokens/#token-prefixes
        *((f"gl{kind}-", rf"\bgl{kind}-[A-Za-z0-9_.=-]{{16,300}}") for kind in _GITLAB),
        # Slack, see api.slack.com/concepts/token-types, and incoming webhooks
        ("xox", r"\bxox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,400}"),
        ("xapp-", r"\bxapp-[A-Za-z0-9-]{10,400}"),
        ("hooks.slack.com", r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[A-Za-z0-9/_-]{10,200}"),
        # Stripe, see docs.stripe.com/keys
        ("_live_", r"\b(?:sk|rk)_live_[A-Za-z0-9]{10,255}"),
        ("_test_", r"\b(?:sk|rk)_test_[A-Za-z0-9]{10,255}"),
        ("whsec_", r"\bwhsec_[A-Za-z0-9+/=]{16,255}"),
        # Google, see cloud.google.com/docs/authentication/api-keys, and OAuth access tokens (ya29.)
        ("AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
        ("ya29.", r"\bya29\.[A-Za-z0-9_-]{20,2000}"),
        # npm, see its documentation, "About access tokens"; PyPI, see its help on API tokens; RubyGems
        ("npm_", r"\bnpm_[A-Za-z0-9]{36}"),
        ("pypi-", r"\bpypi-AgE[A-Za-z0-9_-]{50,1000}"),
        ("rubygems_", r"\brubygems_[a-f0-9]{48}"),
        # Docker Hub, see its documentation of access tokens
        ("dckr_", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,100}"),
        # HashiCorp, see developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes; and Terraform Cloud
        *((f"hv{kind}.", rf"\bhv{kind}\.[A-Za-z0-9_-]{{20,500}}") for kind in "sbr"),
        ("atlasv1", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,100}"),
        # DigitalOcean, see docs.digitalocean.com/reference/api/create-personal-access-token
        ("_v1_", r"\bdo[opr]_v1_[a-f0-9]{64}"),
        # SendGrid, see sendgrid.com/docs/ui/account-and-settings/api-keys; Twilio has no prefix of its own
        ("SG.", r"\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}"),
        # OpenAI and Anthropic, see platform.openai.com/api-keys, docs.anthropic.com
        ("sk-", r"\bsk-(?:(?:proj|svcacct|admin|ant)[A-Za-z0-9-]*-)?[A-Za-z0-9_-]{32,300}"),
        # Azure, see learn.microsoft.com/azure/storage/common/storage-configure-connection-string; and signatures of SAS
        ("AccountKey=", r"(?<=AccountKey=)[A-Za-z0-9+/]{40,100}={0,2}"),
        ("sig=", r"(?<=[?&;]sig=)[A-Za-z0-9%+/_-]{30,200}"),
        # JSON Web Tokens, see RFC 7519, both parts begin with {"
        ("eyJ", r"\beyJ[A-Za-z0-9_-]{8,8192}\.eyJ[A-Za-z0-9_-]{4,8192}\.[A-Za-z0-9_-]{0,2048}"),
        # age, see age-encryption.org/v1
        ("AGE-SECRET-KEY-", r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}"),
        # Private keys, see RFC 7468, and OpenSSH's and PGP's own; in a text on one line the newlines are written \n
        ("PRIVATE KEY", r"(?<=PRIVATE KEY-----)(?:\\[nr]|[A-Za-z0-9+/=\s]){16,}"),
        ("KEY BLOCK", r"(?<=PRIVATE KEY BLOCK-----)(?:\\[nr]|[A-Za-z0-9+/=\s:.()]){16,}"),
    )
)

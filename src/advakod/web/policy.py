"""What the page may do: the headers that a browser holds it to."""

from __future__ import annotations

# Scripts, styles and fonts of our own origin alone, nothing inline. `connect-src 'self'` covers our WebSocket too.
CONTENT = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
# Strings become HTML only through two policies: DOMPurify's, and Svelte's, which takes the templates that are compiled
# into the page.
TRUSTED = (
    "require-trusted-types-for 'script'",
    "trusted-types dompurify svelte-trusted-html",
)
# Powers that the page does not use, so that nothing that gets into it can. Only names that browsers know: Chromium
# writes a warning into the console for any other.
UNUSED = (
    "accelerometer",
    "camera",
    "display-capture",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "hid",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
COMMON = {
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": ", ".join(f"{name}=()" for name in UNUSED),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
PAGE = COMMON | {"content-security-policy": "; ".join((*CONTENT, *TRUSTED))}
DOCS = COMMON | {"content-security-policy": "; ".join(CONTENT)}

/** Entry of `widget.js`, a classic script: `<script src="https://…/widget.js" data-identity-url="/moi" async></script>`. */
import { define } from './element.ts'

// Known only while the script runs.
const script = document.currentScript
const origin = script instanceof HTMLScriptElement && script.src ? new URL(script.src).origin : location.origin

const identityUrl = script instanceof HTMLScriptElement ? script.dataset.identityUrl : undefined
const start = () => define(origin, identityUrl)

if (document.body) start()
else document.addEventListener('DOMContentLoaded', start, { once: true })

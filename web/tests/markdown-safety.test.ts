// @vitest-environment jsdom
import { expect, it, describe } from 'vitest';
import { AnswerView } from '../src/lib/markdown';

function drawn(text: string): HTMLElement {
  const root = document.createElement('div');
  const view = new AnswerView(root);
  view.show({ text, citations: null, sources: [], busy: false });
  while (!view.draw());
  view.stop();
  return root;
}

const TAGS = new Set(
  'P SPAN H3 H4 UL OL LI BLOCKQUOTE PRE CODE EM STRONG DEL BR HR DIV TABLE THEAD TBODY TR TH TD A BUTTON'.split(' '),
);
const ATTRIBUTES: Record<string, string[]> = {
  A: ['href', 'rel', 'target'],
  OL: ['start'],
  DIV: ['class', 'role', 'tabindex', 'aria-label'],
  BUTTON: ['type', 'class', 'title', 'aria-label', 'data-cite', 'data-verdict'],
};

/** Nothing but what our own grammar makes, and links to web pages or into the law. */
function expectInert(root: HTMLElement): void {
  for (const element of root.querySelectorAll('*')) {
    expect(TAGS).toContain(element.tagName);
    for (const name of element.getAttributeNames()) expect(ATTRIBUTES[element.tagName] ?? []).toContain(name);
    const href = element.getAttribute('href');
    if (href !== null) expect(href).toMatch(/^(?:https?:\/\/|\/law\/)/);
  }
}

const INJECTIONS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  '<svg><style><img src=x onerror=alert(1)></style></svg>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<textarea></textarea><img src=x onerror=alert(1)>',
  '<template><script>alert(1)</script></template>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<object data="javascript:alert(1)">',
  '<base href="https://evil.example/">',
  '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
  '<link rel=stylesheet href=//evil.example/a.css>',
  '<style>*{display:none}</style>',
  '<a href="javascript:alert(1)" onclick=alert(1)>сюда</a>',
  '<form id=document name=body><input name=parentNode></form>',
  '<a id=app name=app style="position:fixed">x</a>',
  '<button class="cite" data-cite="0" onclick=alert(1)>1</button>',
  '<div class="cite" style="position:fixed;inset:0">x</div>',
  '<x-y is="z" part=p slot=s>x</x-y>',
  '<!--><img src=x onerror=alert(1)>-->',
  '<![CDATA[<img src=x onerror=alert(1)>]]>',
  '<?xml <img src=x onerror=alert(1)> ?>',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java\tscript:alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](javascript&colon;alert(1))',
  '[x](\u0001javascript:alert(1))',
  '[x](vbscript:msgbox(1))',
  '[x](data:text/html,<script>alert(1)</script>)',
  '[x](<javascript:alert(1)>)',
  '[x](//evil.example)',
  '[x](/api/v1/session)',
  '[x](/law/../api/v1/session)',
  '[x](/law/\\..\\..\\api)',
  '[x](mailto:a@b.example)',
  '[x](https://bank.example@evil.example/)',
  '[x](https://a.example/"onmouseover="alert(1))',
  '[x](https://a.example/ \'x" onmouseover="alert(1)\')',
  '[x]: javascript:alert(1)\n\n[x]',
  '<javascript:alert(1)>',
  '<data:text/html,x>',
  'javascript:alert(1)',
  '![x](https://evil.example/pixel.png)',
  '![x" onerror="alert(1)](x)',
  '![<img src=x onerror=alert(1)>](javascript:alert(1))',
  '[![x](https://evil.example/p.png)](javascript:alert(1))',
  '`<img src=x onerror=alert(1)>`',
  '```"><img src=x onerror=alert(1)>\n<script>alert(1)</script>\n```',
  '|<img src=x onerror=alert(1)>|\n|-|\n|<svg onload=alert(1)>|',
  '# <img src=x onerror=alert(1)>',
  '- [ ] <img src=x onerror=alert(1)>',
  '1. <b id=x>а</b>',
  '&lt;img src=x onerror=alert(1)&gt;',
  '&#60;img src=x onerror=alert(1)&#62;',
  '&#xE100;<img src=x onerror=alert(1)>&#xE000;',
  '${alert(1)} {{constructor.constructor("alert(1)")()}} {@html "<img src=x onerror=alert(1)>"}',
  '\uE100<img src=x onerror=alert(1)>\uE000',
  '**<img src=x onerror=**alert(1)>',
  '<<script>script>alert(1)<</script>/script>',
];

describe('what a model may write stays text', () => {
  it.each(INJECTIONS)('%s', (text) => {
    expectInert(drawn(text));
    expectInert(drawn(`Абзац ${text} дальше.\n\n> ${text}\n\n- ${text}\n`));
  });

  it('HTML is shown as it was written', () => {
    expect(drawn('Тег <b>жирно</b> и &lt;i&gt;').textContent).toBe('Тег <b>жирно</b> и <i>');
    expect(drawn('<div>\nтекст\n</div>').textContent).toBe('<div>\nтекст\n</div>');
  });

  it('a picture is the words for it', () => {
    expect(drawn('до ![схема [1]](https://a.example/x.png) после').textContent).toContain('схема');
    expect(drawn('![схема](https://a.example/x.png)').innerHTML).toBe('<p>схема</p>');
  });

  it('control and private characters, overrides of direction are left out', () => {
    expect(drawn('а\u0000б\u202Eв\uE100г\u{F0000}д\uD800е\u{E0041}ж').textContent).toBe('абвгдеж');
  });

  it('links elsewhere open aside, those into the law in the page', () => {
    const [there, here] = drawn('[a](https://a.example/?q=1) [б](/law/zozpp/18)').querySelectorAll('a');
    expect(there?.outerHTML).toBe(
      '<a href="https://a.example/?q=1" target="_blank" rel="noopener noreferrer nofollow">a</a>',
    );
    expect(here?.outerHTML).toBe('<a href="/law/zozpp/18">б</a>');
  });
});

import t from 'tap'
import { checkEach, evaluateText } from '../../fixtures/evaluate-text.ts'

t.test('slugify makes a slug and refuses to make an empty one', async t => {
  checkEach(t, [
    ['slugify("Hello, World!")', 'hello-world'],
    ['slugify("Ünïcode & Straße 12!")', 'unicode-strasse-12'],
    ['"  --Æther Øl Łódź--".slugify()', 'aether-ol-lodz'],
    ['slugify("ﬁne ①")', 'fine-1'],
  ])
  t.match(evaluateText('slugify("日本")'), /^invalid_value: slugify: no letter a-z or digit is left/)
})

t.test('truncate counts characters and halves none', async t => {
  checkEach(
    t,
    [
      ['truncate("abcdef", 3)', 'abc'],
      ['"abc".truncate(10)', 'abc'],
      ['truncate("a😀b", 2)', 'a😀'],
      ['truncate("abc", payload.n)', 'ab'],
      ['truncate("abc", 0)', ''],
    ],
    { n: 2 },
  )
  t.match(evaluateText('truncate("abc", -1)'), /^invalid_value/)
})

t.test('text functions work in both call styles', async t => {
  checkEach(
    t,
    [
      ['lower("AbÇ")', 'abç'],
      ['"AbÇ".lower()', 'abç'],
      ['upper("abß")', 'ABSS'],
      ['"ab".upper()', 'AB'],
      ['trim("  a ")', 'a'],
      ['"\\n a ".trim()', 'a'],
      ['replace("a.b.c", ".", "-")', 'a-b-c'],
      ['"a.b".replace(".", "$&")', 'a$&b'],
      ['"abc".replace("", "x")', 'abc'],
      ['split("a,b,,c", ",")', ['a', 'b', '', 'c']],
      ['"a,b,c".split(",", 2)', ['a', 'b,c']],
      ['"a😀".split("")', ['a', '😀']],
      ['join(["a", "b"])', 'ab'],
      ['join(payload.tags, ", ")', 'x, y'],
      ['payload.tags.join("-")', 'x-y'],
      ['payload.mixed.join("-")', '1-a-true'],
      ['[1, 2].join("+")', '1+2'],
      ['matches("abc", "^a.c$")', true],
      ['"xabcx".matches("b")', true],
      ['"refs/heads/main".matches("^refs/heads/(main|release/.*)$")', true],
      ['"abc".contains("b")', true],
      ['"abcabc".indexOf("c")', 2],
      ['"abcabc".indexOf("c", 3)', 5],
      ['"abcabc".lastIndexOf("a")', 3],
      ['"abc".startsWith("a") && "abc".endsWith("c")', true],
    ],
    { tags: ['x', 'y'], mixed: [1, 'a', true] },
  )
  t.match(evaluateText('join(payload.l, ",")', { l: [{}] }), /^mapping_type: join/)
  t.match(evaluateText('"abc".indexOf("c", 9)'), /^invalid_value/)
})

t.test('times are read from ISO text, epoch seconds, epoch milliseconds and timestamps', async t => {
  const at = '2024-03-10T15:04:05.678Z'
  checkEach(
    t,
    [
      ['date("2024-03-10")', '2024-03-10'],
      ['date(payload.iso)', '2024-03-10'],
      ['date(1710082800)', '2024-03-10'],
      ['date(payload.s)', '2024-03-10'],
      ['date(payload.ms)', '2024-03-10'],
      ['date(timestamp("2024-03-10T00:00:00Z"))', '2024-03-10'],
      ['date("2024-03-10T22:30:00-05:00")', '2024-03-11'],
      ['date("2024-03-10T22:30:00-05:00", "America/New_York")', '2024-03-10'],
      ['date("2024-03-10 10:00:00 UTC")', '2024-03-10'],
      ['date("2024-03-10 10:00:00 +0000")', '2024-03-10'],
      ['date("2024-02-29")', '2024-02-29'],
      ['dateTimeOffset(payload.iso)', '2024-03-10T15:04:05+00:00'],
      ['dateTimeOffset(payload.iso, "UTC")', '2024-03-10T15:04:05+00:00'],
      ['dateTimeOffset(payload.iso, "America/St_Johns")', '2024-03-10T12:34:05-02:30'],
      ['dateTimeOffset(payload.iso, "Asia/Kolkata")', '2024-03-10T20:34:05+05:30'],
      ['dateTimeOffset(payload.iso, "+02:00")', '2024-03-10T17:04:05+02:00'],
      ['dateTimeOffset("2024-07-01T00:00:00")', '2024-07-01T00:00:00+00:00'],
      ['formatDate(payload.iso, "EEEE, d MMMM yyyy h:mm a")', 'Sunday, 10 March 2024 3:04 PM'],
      ['formatDate(payload.iso, "EEE dd MMM yy HH:mm:ss.SSS XXX")', 'Sun 10 Mar 24 15:04:05.678 Z'],
      [
        "formatDate(payload.iso, \"yyyy-MM-dd'T'HH 'o''clock' M H hh m s\", \"Europe/Berlin\")",
        "2024-03-10T16 o'clock 3 16 04 4 5",
      ],
      ['formatDate(payload.iso, "XXX xxx", "Europe/Berlin")', '+01:00 +01:00'],
      ['date("0099-12-31")', '0099-12-31'],
    ],
    { iso: at, s: 1710082800, ms: 1710082800000.5 },
  )
  for (const bad of ['2024-02-30', '2024-13-01', '24-01-01', 'yesterday', '2024-01-01T25:00:00Z', '']) {
    t.match(evaluateText('date(payload.t)', { t: bad }), /^invalid_value/, bad)
  }
  t.match(evaluateText('date(payload.t)', { t: 1e300 }), /^invalid_value/)
  t.match(evaluateText('date(payload.t, payload.z)', { t: at, z: 'Mars/Base' }), /^invalid_value: unknown time zone/)
  t.match(evaluateText('date(payload.t)', { t: true }), /^mapping_type/)
  t.match(
    evaluateText('formatDate(payload.t, payload.p)', { t: at, p: "yyyy 'x" }),
    /^invalid_value: the date pattern has a quote/,
  )
})

t.test('parseJson is as careful as the payload parser', async t => {
  checkEach(
    t,
    [
      ['parseJson(payload.j).a[0]', 1],
      ['json(parseJson(payload.j))', '{"a":[1],"b":null}'],
      ['json({"a": 1, "b": [1.5, "x", true, null]})', '{"a":1,"b":[1.5,"x",true,null]}'],
      ['json("é")', '"é"'],
    ],
    { j: '{"a": [1], "b": null}' },
  )
  t.match(evaluateText('parseJson("{")'), /^invalid_value: parseJson: not valid JSON/)
  t.match(evaluateText('parseJson(payload.t).id', { t: '{"id": 9007199254740993}' }), /^precision_loss/)
  t.match(evaluateText('parseJson(payload.t)', { t: '"\\ud800"' }), /^invalid_text/)
  t.match(
    evaluateText('parseJson(payload.t)', { t: '['.repeat(1_000) + ']'.repeat(1_000) }),
    /^invalid_value: parseJson: more than 128 levels/,
  )
})

t.test('digests and base64 work on UTF-8 and are strict', async t => {
  checkEach(t, [
    ['sha256("")', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['sha256("é")', '4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c'],
    ['base64Encode("é?")', 'w6k/'],
    ['base64Decode("w6k/")', 'é?'],
    ['base64Decode("w6k_")', 'é?'],
    ['base64Decode("YQ==")', 'a'],
    ['"YQ".base64Decode()', 'a'],
  ])
  for (const bad of ['!!', 'YQ=', 'a', 'w6k/_']) {
    t.match(evaluateText('base64Decode(payload)', bad), bad === 'YQ=' ? /^a$/ : /^invalid_value/, bad)
  }
  t.match(evaluateText('base64Decode("/w==")'), /^invalid_value: base64Decode: the bytes are not UTF-8/)
})

t.test('HTML is escaped and stripped so that no tag survives', async t => {
  checkEach(t, [
    ['escapeHtml("<a href=\'x\' b=\\"y\\">&</a>")', '&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;&lt;/a&gt;'],
    ['stripHtml("<p>Hi &amp; <b>bye</b></p><p>x</p>")', 'Hi &amp; bye x'],
    ['stripHtml("a<script>alert(1)</script>b<!-- c -->d<style>e</style>")', 'abd'],
    ['stripHtml("1 < 2 and 2 > 1")', '1 &lt; 2 and 2 > 1'],
    ['stripHtml("<<b>script>alert(1)</script>")', '&lt;script>alert(1)'],
    ['stripHtml("a<img src=x onerror=1")', 'a'],
    ['stripHtml("a<SCRIPT>x")', 'a'],
    ['stripHtml("<br/>a<br>b")', 'a b'],
  ])
  t.notMatch(evaluateText('stripHtml(payload)', '<'.repeat(100_000)), /<[a-z!/?]/)
  t.notMatch(evaluateText('stripHtml(payload)', '<scr<script>ipt>alert(1)</scr</script>ipt>'), /<[a-z!/?]/)
})

t.test('markdown gives safe HTML only', async t => {
  checkEach(t, [
    ['markdown("# Hi **there**")', '<h1>Hi <strong>there</strong></h1>\n'],
    ['markdown("[a](https://e.com \\"t\\")")', '<p><a href="https://e.com" title="t">a</a></p>\n'],
    ['markdown("<script>alert(1)</script>")', '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n'],
    ['markdown("<img src=x onerror=alert(1)>")', '<p>&lt;img src=x onerror=alert(1)&gt;</p>\n'],
  ])
  const hostile = [
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](java\tscript:alert(1))',
    '[x](vbscript:x)',
    '[x](data:text/html,<script>alert(1)</script>)',
    '![x](data:image/svg+xml;base64,PHN2Zz4=)',
    '<javascript:alert(1)>',
    '[x]: javascript:alert(1)\n\n[x]',
    '![x" onerror="alert(1)](https://e.com/"onload="x)',
    '<a href="javascript:alert(1)">x</a>',
    '```"><script>\nx\n```',
  ]
  const allowed =
    /^<\/?(?:h[1-6]|p|strong|em|s|code|pre|blockquote|ul|ol|li|hr|br|a|img|table|thead|tbody|tr|th|td)(?: (?:href|src|title|alt|class|start|style)="[^"<>]*")*>$/
  for (const text of hostile) {
    const html = String(evaluateText('markdown(payload)', text))
    for (const [tag] of html.matchAll(/<[^>]*>/g)) t.match(tag, allowed, `${text} → ${html}`)
    t.notMatch(html, /(?:href|src)="\s*(?:javascript|vbscript|data):/i, text)
    t.ok(html.length > 0)
  }
  t.match(
    evaluateText('markdown(payload)', '**a_'.repeat(32_768)),
    /^<p>/,
    'delimiter runs that are quadratic elsewhere',
  )
  t.match(evaluateText('markdown(payload)', '> '.repeat(50_000)), /blockquote/)
  t.match(evaluateText('markdown(payload)', 'x'.repeat(131_073)), /^too_large/)
})

t.test('lookup gives the fallback for what is not there', async t => {
  checkEach(
    t,
    [
      ['lookup({"a": 1}, "a", 9)', 1],
      ['lookup({"a": 1}, "b", 9)', 9],
      ['lookup(payload, "x", "none")', 'none'],
      ['lookup(payload, payload.n, "none")', 'none'],
    ],
    { x: null, n: 5 },
  )
})

t.test('wouldChange follows RFC 7396', async t => {
  const cases: [unknown, unknown, boolean][] = [
    [{ a: 1, b: 2 }, { a: 1 }, false],
    [{ a: 1 }, { a: 2 }, true],
    [{ a: 1 }, { b: 1 }, true],
    [{ a: 1 }, { a: null }, true],
    [{ a: 1 }, { b: null }, false],
    [{ a: null }, { a: null }, false],
    [{ a: { b: 1, c: 2 } }, { a: { b: 1 } }, false],
    [{ a: { b: 1 } }, { a: { c: 1 } }, true],
    [{ a: [1, 2] }, { a: [1, 2] }, false],
    [{ a: [1, { b: 2, c: 3 }] }, { a: [1, { c: 3, b: 2 }] }, false],
    [{ a: [1, 2] }, { a: [2, 1] }, true],
    [{ a: 1 }, { a: { b: 1 } }, true],
    [{}, {}, false],
    [null, {}, true],
    ['a', 'a', false],
    [{ a: 1.0 }, { a: 1 }, false],
    [{}, { a: {} }, true],
  ]
  for (const [current, patch, expected] of cases) {
    t.equal(
      evaluateText('wouldChange(payload.current, payload.patch)', { current, patch }),
      expected,
      JSON.stringify([current, patch]),
    )
  }
  t.equal(evaluateText('wouldChange(payload, {"price": payload.price, "n": 1 + 1})', { price: 5, n: 2 }), false)
})

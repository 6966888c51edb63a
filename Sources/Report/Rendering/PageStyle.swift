/// The style of a page. Everything stands in one element, whose digest the page's own policy names.
enum PageStyle {
  static func text(narrow: String) -> String {
    """
    :root{color-scheme:light dark;\(Palette.light.properties)}
    @media screen and (prefers-color-scheme:dark){:root{\(Palette.dark.properties)}}
    """ + "\n" + base + language + parts + drawing + "@media (max-width:700px){\(small)\(narrow)}\n" + print
  }

  private static let base = """
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
    body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.5 system-ui,-apple-system,"Segoe UI","Noto Sans",
    "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;font-variant-numeric:tabular-nums}
    .page{max-width:1060px;margin:0 auto;padding:0 24px}
    h1{font-size:22px;line-height:1.3;font-weight:600;margin:0}
    h2{font-size:17px;line-height:1.3;font-weight:600;margin:0 0 12px}
    h2 .n{color:var(--muted);font-weight:400;margin-right:.6em}
    h3{font-size:14px;font-weight:600;margin:20px 0 6px}
    p{margin:0 0 8px;max-width:76ch;overflow-wrap:anywhere}
    a{color:var(--link);text-underline-offset:2px;text-decoration-thickness:1px}
    a.m{color:inherit;text-decoration:underline dotted;text-decoration-color:var(--muted)}
    a:hover,a.m:hover{text-decoration:underline}
    :focus-visible{outline:2px solid var(--link);outline-offset:2px}
    code,.cmd{font:12.5px/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Noto Sans Mono CJK SC",monospace}
    .cmd{display:block;background:var(--soft);padding:6px 10px;margin:4px 0;overflow-wrap:anywhere;white-space:pre-wrap;
    border-left:2px solid var(--line)}
    .nm,.mu{color:var(--muted)}
    .st{display:inline-block;min-width:7em;max-width:22em;unicode-bidi:isolate;overflow-wrap:anywhere}
    .skip{position:absolute;left:-999px}
    .skip:focus{left:8px;top:8px;background:var(--bg);padding:4px 8px}
    section{padding:26px 0 22px;border-top:1px solid var(--line)}
    ul{margin:0;padding-left:1.2em}
    table{border-collapse:collapse;width:100%;font-size:13px;line-height:1.45}
    *+table,.pair+table{margin-top:16px}
    section>h2+table{margin-top:0}
    caption{text-align:left;color:var(--muted);padding:0 0 6px}
    caption.h{color:var(--ink);font-size:14px;font-weight:600}
    .vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
    th,td{text-align:left;vertical-align:top;padding:5px 14px 5px 0;border-bottom:1px solid var(--line)}
    th:last-child,td:last-child{padding-right:0}
    thead th{font-weight:500;color:var(--muted);border-bottom-color:var(--muted);vertical-align:bottom}
    tbody th{font-weight:500}
    th.r,td.r{text-align:right;white-space:nowrap}
    tfoot th,tfoot td{border-bottom:0;font-weight:600}
    details{margin:14px 0 0}
    summary{cursor:pointer;color:var(--muted);width:fit-content}
    summary:hover{color:var(--ink)}
    details[open]>summary{margin-bottom:8px}

    """

  /// Which language shows: the three switches stand before everything else.
  private static let language = """
    .lr{position:absolute;opacity:0;width:1px;height:1px}
    #l-en:checked~* [lang=zh-Hans],#l-zh:checked~* [lang=en],#l-both:checked~* .d [lang=zh-Hans]{display:none}
    #l-both:checked~* [lang=en]+[lang=zh-Hans]{margin-left:.45em}
    #l-both:checked~* .s>[lang=en]+[lang=zh-Hans],
    #l-both:checked~* thead th [lang=en]+[lang=zh-Hans]{display:block;margin-left:0}
    #l-both:checked~* .s>[lang=en]+[lang=zh-Hans]{color:var(--muted)}
    .bar-top{display:flex;justify-content:space-between;align-items:center;gap:16px;padding:14px 0;font-size:13px}
    .seg{display:flex;border:1px solid var(--line);border-radius:4px;overflow:hidden}
    .seg label{padding:3px 12px;cursor:pointer;color:var(--muted)}
    .seg label+label{border-left:1px solid var(--line)}
    #l-en:checked~* label[for=l-en],#l-zh:checked~* label[for=l-zh],#l-both:checked~* label[for=l-both]{
    background:var(--soft);color:var(--ink);font-weight:600}
    #l-en:focus-visible~* label[for=l-en],#l-zh:focus-visible~* label[for=l-zh],
    #l-both:focus-visible~* label[for=l-both]{outline:2px solid var(--link);outline-offset:-2px}
    .js-only{display:none}
    .js .js-only{display:flex}
    button,select,input[type=search]{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);
    border-radius:4px;padding:3px 10px}
    button{cursor:pointer}
    button[aria-pressed=true]{background:var(--soft);border-color:var(--muted);font-weight:600}
    .tools{display:flex;gap:12px;align-items:center}

    """

  private static let parts = """
    .verdict{display:grid;grid-template-columns:auto 1fr;gap:6px 16px;align-items:center;padding:20px 0 22px}
    .verdict svg{width:46px;height:46px}
    .word{font-size:30px;line-height:1.15;font-weight:650;letter-spacing:.01em}
    .word .g{font-size:14px;font-weight:400;color:var(--muted);letter-spacing:0;margin-left:.8em}
    .why{grid-column:2;font-size:15px;max-width:70ch}
    .v-go{color:var(--go)}.v-care{color:var(--care)}.v-nogo{color:var(--nogo)}.v-unproven{color:var(--unproven)}
    .meta{display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:8px 24px;margin:0 0 20px;font-size:13px}
    .meta dt{color:var(--muted);font-size:12px}.meta dd{margin:0;overflow-wrap:anywhere}
    .meta .wide{grid-column:span 2}
    .eyebrow{display:block;color:var(--muted);font-size:13px;font-weight:400}
    .toc{columns:4 200px;font-size:13px;list-style:none;padding:0;margin:0 0 24px}
    .toc a{text-decoration:none;display:flex}.toc li{break-inside:avoid;padding:1px 0}
    .toc .n{color:var(--muted);flex:0 0 2em}
    .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:18px 28px;margin:22px 0 0}
    .facts h3{margin:0 0 3px;font-size:12px;font-weight:500;color:var(--muted)}
    .facts .big{font-size:20px;line-height:1.3;font-weight:600}
    .legend{display:flex;flex-wrap:wrap;gap:4px 26px;margin:8px 0 0;padding:0;list-style:none;font-size:13px}
    .legend svg{width:14px;height:12px;margin-right:7px;vertical-align:-1px}
    .legend b{font-weight:600;margin-left:.5em}
    .filters{flex-wrap:wrap;gap:8px 14px;margin:12px 0;align-items:center;font-size:13px}
    .filters label{display:flex;gap:6px;align-items:center;color:var(--muted)}
    .chips{display:flex;flex-wrap:wrap;gap:6px}
    .o{font-weight:600;white-space:nowrap}
    .o-missing,.o-quarantined,.r-block{color:var(--nogo)}.o-degraded,.r-warn,.r-not_checked{color:var(--care)}
    .r-pass,.o-repaired{color:var(--go)}
    .r-pass,.r-block,.r-warn,.r-not_checked{font-weight:600}.r-pass,.r-block,.r-warn,.r-not_checked,.r-not_applicable{white-space:nowrap}
    #t-checks thead th,#t-unchecked thead th{white-space:nowrap}
    .legend+p{margin-top:6px}.facts+p{margin-top:12px}
    .nb{white-space:nowrap}#t-ledger code{white-space:nowrap}
    .box{display:inline-block;width:13px;height:13px;border:1px solid var(--muted);border-radius:2px;vertical-align:-2px}
    .ok{color:var(--go);font-weight:600}.bad{color:var(--nogo);font-weight:600}
    .note{border-left:3px solid var(--care);padding:2px 0 2px 12px;margin:10px 0}
    .gl{display:grid;grid-template-columns:minmax(190px,1fr) 3fr;gap:0 28px;margin:0}
    .gl>dt{font-weight:600;padding:10px 0;border-top:1px solid var(--line)}
    .gl>dt code{display:block;color:var(--muted);font-weight:400}
    .gl>dd{margin:0;padding:10px 0;border-top:1px solid var(--line);font-size:13px}
    .gl .e{display:grid;grid-template-columns:11.5em 1fr;gap:1px 12px}
    .gl .e>span:nth-child(odd){color:var(--muted)}
    .gl>dt:target,.gl>dt:target+dd{background:var(--band)}
    .read{display:grid;grid-template-columns:minmax(150px,1fr) 2fr 1.2fr 2fr;gap:4px 20px;font-size:13px}
    .sign{display:grid;grid-template-columns:1fr 1fr;gap:40px}
    .sign dl{display:grid;grid-template-columns:max-content 1fr;gap:18px 12px;margin:10px 0 0}
    .sign dt{color:var(--muted)}.sign dd{margin:0;border-bottom:1px solid var(--muted)}
    footer{border-top:1px solid var(--line);color:var(--muted);font-size:12px;padding:16px 0 40px}
    .scroll{overflow-x:auto}

    """

  private static let drawing = """
    svg{display:block;max-width:100%}
    svg text{fill:var(--ink);font-size:12px}
    .legend svg,.mark svg{display:inline-block}
    svg .ax,svg .tip{fill:var(--muted)}
    .f-live{fill:var(--live)}.f-frozen{fill:var(--frozen)}.f-band{fill:var(--band)}.f-spare{fill:var(--spare)}
    .f-link{fill:var(--link)}.f-ink{fill:var(--ink)}.f-bg{fill:var(--bg)}
    .s-line{stroke:var(--line);fill:none}.s-muted{stroke:var(--muted);fill:none}.s-ink{stroke:var(--ink);fill:none}
    .s-bg{stroke:var(--bg);fill:none}.s-frozen{stroke:var(--frozen);fill:none}.s-link{stroke:var(--link);fill:none}
    .mark circle,.mark path{fill:none;stroke:currentColor;stroke-width:2.6;stroke-linecap:round;stroke-linejoin:round}
    .bar .tip{visibility:hidden}
    .bar:hover .tip,.bar:focus .tip{visibility:visible}
    .bar:hover rect.hit,.bar:focus rect.hit{fill:var(--soft)}
    .bar:focus{outline:none}.bar:focus-visible rect.hit{stroke:var(--link);stroke-width:2}
    rect.hit{fill:transparent}
    svg .fz{fill:var(--frozen);font-weight:600}
    .narrow{display:none}
    .pair{display:grid;grid-template-columns:1fr 1fr;gap:8px 40px}

    """

  private static let small = """
    .page{padding:0 16px}.bar-top{flex-wrap:wrap}
    .meta{grid-template-columns:1fr 1fr}
    table.c td:has(>div>.na){display:none}
    .wide-only{display:none}.narrow{display:block}
    .verdict svg{width:36px;height:36px}.word{font-size:24px}.word .g{display:block;margin-left:0}
    .why{grid-column:1/-1}
    .gl,.pair{grid-template-columns:1fr}.gl>dd{border-top:0;padding-top:0}
    .gl .e{grid-template-columns:1fr}.gl .e>span:nth-child(even){margin-bottom:4px}
    .read{grid-template-columns:1fr}.read>*:nth-child(4n){margin-bottom:10px}.read>.h{display:none}
    .sign{grid-template-columns:1fr}
    table.c thead{position:absolute;left:-9999px}
    table.c,table.c tbody,table.c tfoot,table.c caption{display:block}
    table.c tr{display:block;padding:8px 0;border-bottom:1px solid var(--line)}
    table.c tr[hidden]{display:none}
    table.c td,table.c th{display:grid;grid-template-columns:8.2em 1fr;gap:0 10px;border:0;padding:1px 0;
    text-align:left;white-space:normal;overflow-wrap:anywhere}
    table.c td>*,table.c th>*{grid-column:2;justify-self:start}
    table.c td::before,table.c tbody th::before,table.c tfoot th::before{color:var(--muted);font-weight:400;grid-row:1/9}

    """

  private static let print = """
    @page{margin:14mm 13mm}
    @media print{
    body{font-size:9.5pt}.page{max-width:none;padding:0}
    .bar-top .tools,.toc,.js .js-only,.skip,summary,.folded{display:none}
    section{padding:14pt 0 10pt}
    table{font-size:8.5pt}thead{display:table-header-group}tfoot{display:table-row-group}
    tr,svg,.facts>div,.gl>dt,.gl>dd,.sign,.keep{break-inside:avoid}tbody tr:first-child{break-before:avoid}
    h2,h3,caption{break-after:avoid}
    .own-page{break-before:page;break-after:page;border-top:0}
    a{color:inherit;text-decoration:none}
    details::details-content{content-visibility:visible;block-size:auto}
    .cmd,.f-band,.f-live,.f-frozen,.f-spare{print-color-adjust:exact;-webkit-print-color-adjust:exact}
    }

    """
}

/// The script of a page: print, filters of the ledger, the language of the document. Without it everything can be read.
enum PageScript {
  static let text = """
    (function(){
    var d=document,r=d.documentElement;r.className='js';
    function each(s,f){Array.prototype.forEach.call(d.querySelectorAll(s),f)}
    each('.lr',function(x){x.addEventListener('change',function(){r.lang=x.value==='both'?'en':x.value})});
    each('#print',function(b){b.addEventListener('click',function(){window.print()})});
    var t=d.getElementById('t-ledger');if(!t)return;
    var rows=t.tBodies[0].rows,chosen='',n=d.getElementById('f-shown'),none=d.getElementById('f-none');
    function value(id){var e=d.getElementById(id);return e?e.value:''}
    function apply(){
    var reason=value('f-reason'),kind=value('f-kind'),text=value('f-text').toLowerCase(),c=0;
    for(var i=0;i<rows.length;i++){var x=rows[i],s=x.dataset;
    var on=(!chosen||s.o===chosen)&&(!reason||s.r===reason)&&(!kind||s.k===kind)&&
    (!text||x.textContent.toLowerCase().indexOf(text)>=0);
    x.hidden=!on;if(on)c++}
    n.textContent=c;none.hidden=c>0;
    each('[data-chip]',function(b){b.setAttribute('aria-pressed',String(b.dataset.chip===chosen))})}
    each('[data-chip]',function(b){b.addEventListener('click',function(){chosen=b.dataset.chip;apply()})});
    each('#f-reason,#f-kind',function(s){s.addEventListener('change',apply)});
    each('#f-text',function(s){s.addEventListener('input',apply)});
    each('[data-show]',function(a){a.addEventListener('click',function(){chosen=a.dataset.show;
    var k=d.getElementById('f-kind');if(k&&a.dataset.kind)k.value=a.dataset.kind;apply()})});
    apply()})();
    """
}

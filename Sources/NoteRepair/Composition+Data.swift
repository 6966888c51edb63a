// Written by Scripts/make-composition; do not edit.
// swift-format-ignore-file

/// Pairs of characters that compose to one, and combining classes, as ``PackedTable`` reads them.
enum CompositionData {
  static let first = PackedTable(count: 941, """
    k_<<>;;;;;;;;;;;;;;;<;;<;;;;<;;;;;<;;;;;;;;;;;;;;;;<<;;;;;;<;;;;;;<;;;;;;;;;;;;;;<<;;;;<;;;;;<;;<;;;;;;;;<;;;;;;\
    ;;;;;;;;;<;=;;;;;;;<;;;;;;<;;;;;;<;;;;;;;;;;;;;;;;;;<;<;;;;;<;<;;;;;;;;<;;;;;B;;;;;;;;;;;;;;;<;;<;;;;<;;;;;<;;;;\
    ;;;;;;;;;;;;<<;;;;;;<;;;;;;;<;;;;;;;;;;;;;<;<;;;;<;;;;;<;;<;;;;;;;;<;;;;;;;;;;;;;;;<;=;;;;;;;<;;;;;;<;;;;;;;<;;;\
    ;;;;;;;;;;;;;;;<;<;;;;;;<;<;;;;;;;;;<;;;;;kP;;k<;;;=<<;<>;;;@@;;;<;;<=?;;;A;;;=<<;<>;;;@@;;;<;;<=?;;;A;;;<;;;J;<\
    ;k[;<;H<@<BV%OkC;;;;<;;;;I;;;;<;;;;BkU<k^V%@<l*ml;;;;;;?;;;=;;;;=;;;;;;A;;;=?;;;;;?;;;;>=>;;;;;;;?;;;=;;;;;=;;;;\
    ;;;A;;;=;?;;;;;;;?;;;;;<;;<;;>?;kVE;>=;;<;<<;;;=?@;;;??=>;>=;;<;<<;;;=?@;;;??=Dk@<l*<J<nO;;kC=l>L>qSC>l[;o6;;knk\
    V;<lFl@B;;?lC;<lY;;>qI~#p$====?kK==<>s><kE<B<k`;<;R<N<kU;;;<;;;V);;;<;;;V);<;B;<;B;;;<;;;V);;;<;;;V);;<;;B;;<;;B\
    ;<;B;<;B;;<;;C;;B;;;<;;;V);;;<;;;V)?Ck]D;;BkRC;;oH==k_==kQ@>S=RB=>@O><H<><>V%@<><E<KA<=BV%~$Om@===========>==B;>\
    ;>;>;>;kDD@===========>==B;>;>;>;>;OV%F~+Is=ElS<pq;o(;;ml<tl
    """)
  static let second = PackedTable(count: 941, """
    t';;jEV&=V&=>=M=>j]k>IjM<@@k=j^@R?A?jLV&=V%>>=M?<@>jT5<==<@k=jX@<?R?BjOV&=V%>>=M@CjO:FR?EjMFR?A?jMAk>jZ<=?@R?A?j\
    LV&=V%=<>=EC@jVA5A@>=M?EjM<@@R><j^@R><A?jLV&==V&>=EC<?@>jPkBjZ<<@<k=jb<3V&><<k<j[<@@RIjLV&=V&=>=M=>j]k>IjM<@@k=j\
    ^@R?A?jLV&=V%>>=M?<@>jT5<==<@k=jX@<?R?B>jLV&==<>>=M@CjOE0FR?EjMFR?A?jMAk>jZ<=?@R?A?jLV&=V%=<>=EC@jVA5A@>=M?EjM<@\
    @R><j^<?R><A?jLV&==V&>=EC<?@>jPkBjZ<<@<=Tjb<3V&>V%Tj[<@@RIjL<kdj;<=A68;>8:<=A3:<=A3>?78:<>C/<=A68;>8:<=A3:<=A3>?\
    78:<>C/<=A2<=A2<:<:<:<A;;;5;B;:4<=Ak<jZ<=Ak<jZ<=Ak<jZ<=Ak<$3;;;=;9;C/<>=H<kSj8<M<'<M<kSj8<>==F<'<M<;'<>==G'<M<kS\
    ;;j8<>=H<kP>j8<M<'<M<kP>j8<>==F<kPj;<M<:<'<>==F<kPj;<M<kP>j8<kdj;<kd>j9B;9=4:A=9=;3?==4B7==>8;;9=4:A=9=;3?==4B7=\
    =>8;;;B;4;;;t:<<:;;;;s2;;lITnyS<lGjeTjel`lF(N<:l0TjelS@K&qe~#pT;;;;;;;;;;~#+O;;;>;6?7?7;;;9<kd>j8<kd>;;;;;;j8<kd\
    >j8<kd>;;;;;;j8<:<:<:<:<kd>j8<kd>;;;;;;j8<kd>j8<kd>;;;;;;j8<kdj;<kdj;<kdj;<kdj;<:<:<:<:<kdj;<kdj;<kdj;<kd>j8<kd>\
    ;;;;;;j8<kd>j8<kd>;;;;;;;;;;j8<kd>;j8<kd1;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;~$Pe;;;;;;;;;;;;;;;;<:<:<:<:<:;\
    ;;;;;;;;;;;;;;;;<:<:<:<:<:;;;;~+J8;;l4;psTnkE>m_;tq
    """)
  static let composed = PackedTable(count: 941, """
    ~$(r-J~#%-V%k`=n5g,~#z3~#%2mukU=~#z1i8~#%r~#xI==~#%t===j8~#xQ~#%|~#xS?=7~#%5<<~#zM~#&$==j2~#zK~#&,mV=~#zI~#))h#~\
    #x`=?~#(Ph[~#xh~#&0=m2hp=~#xj?~#({~#xl?=~#%9<<k}==?ix~#zY~#(+k[=~#z[~#&@~#xt~#&F~#xx~#(D~#xz~#&H~#x|~#&K?~#x~~#&\
    M~#y(9?==~#(Ti#ig~#y0~#&Y~#y2~#&W~#y69~#%?V%l>=mLg6~#z`~#&clHk^=ik~#z^~#(F~#y@=~#&g~#yD~#&km$=~#yF~#&i~#yJ~#&m=~\
    #yL~#&s~#yN~#(uhz~#yV~#&w~#yX~#(wh|~#y]9~#%F<<lT==iH~#zx~#'%=l*kd=ir~#zvig~#')~#yc9C===~#'+~#ys9?==l-~#%Jla~#{.~\
    #)3~#y{~#'/~#{,9~#'0~#y}~#'2=~#z#=~#%MV%k@=n5gK~#z4~#%RmUkU=~#z2i8~#%s~#xJ==~#%u===jW~#xR~#%}~#xT?=7~#%U<<~#zN~#\
    &%==jQ~#zL~#&-mV=~#zJ~#)*h#~#xa=?~#(Qh[~#xi~#&1=m2hp=~#xk?~#(|~#xm?=l2~#%Y<<k^==j?~#zZ~#(,k[=~#z]~#&A~#xu~#&Gm'~\
    #xy~#(E~#x{~#&I~#x}~#&L?~#y#~#&N~#y)9?==~#(Ui#j*~#y1~#&Z~#y3~#&X~#y79~#%`V%k{=mLgU~#za~#&dlHk^=ik~#z_~#(G~#yA=~#\
    &h~#yE~#&lm$=~#yG~#&j~#yK~#&n=~#yM~#&t~#yO~#(vhz~#yWkN~#&x~#yY~#(xh|~#y^9~#%g<<l5==ih~#zy~#'&=l*kd=ir~#zwig~#'*~\
    #yd9C===~#',~#yt9N,==l-~#%klA~#{/~#)4~#y|~#%m~#{-i{l#~#'1~#y~~#'3=~#z$=nj~#,v~#}Agt9A9~#(:k>=jd~#xOm$9A9iDll9A9i\
    P~#)-~#y:~#)+jQjZ79?~#z89A9~#(;k>=jd~#xPm$9A9iDll9A9iP~#).~#y;~#),jQjZ79?~#zA9A9:9A9i9=:=k[=:=LV%LV%kBkd9A9?69A9\
    ?B9A9?69A9?~#(J9<.<~#xd<~#)1<j;~#}:~#,w~#}9:i(<l{G~#,y~#{N<ly~#,z~#{_<lkI~#,{~#}Y:~#-?~#{o<m+~#,}~#|#<lk9~#-#~#}\
    j:~#-@~#|4li~#-$~#|C<lZj5Kj)~#-A~#}1:i(<l}8j<~#-B~#{F<l*~#-C~#{V<lm8j0~#-D~#}Q:~#-`~#{g<lmi{~#-b~#{w<lk<in~#-c~#\
    }b:~#-a~#|+<l]io~#-d~#|;<l]8j]~#-%~#}WF~#-E~#}hH~#-i<kUm5=he8mBh_m,k==hcmAhkm7h[mFChSmN==?/jc=iX8lNiRl8k==iVlMi.\
    ltiOlRCiGlZ==?/iBkA<l*<J<nH<=:=ldL(qjC>l_<o58?kkkX=:lDl?E8<>lF=:lV==:qI~#p%====?kK=><=s?<kE<F<kfE2EJ<L<kK==lAi[=\
    =lAV(i[==lAi[==lAV(i[=:=@=:=@==l1il==l1V(il==l1il==l1V(il==8==>==8==>=:=@=:=@==8==?==>==k]j@==k]V(j@==k]j@==k]V(\
    >KkRjBQ<<3kRjd<<or<NkA=:kX@>S=k=>>=kF0I<><><B<l&<i|<><k|<jFV%k^V%~$P`j5===========>==B<=<=<=<=<kCkyj5===========\
    >==B<=<=<=<=<k<V%?~+It=JlJ<px<o&:>mi<tm
    """)
  static let marks = PackedTable(count: 912, """
    sJVq=VAn%V&mwVN==<=<=klV,kSV6Ll-V(>V'><=V%kFkAV<liV*ETV%=V*=<<=V&kN<<k`V)kMV9=V>k`L?V%l/LkSkaLl6Ll6LlGl6LC<l-Ll5\
    <LlDl5<<IV%l4<<IV%kp<k>==kZ<=AV%>=<<=<kbl8=<kvrv<<uI<kAlfFm8lW<<mH<kkPV)>kSV/=V1l-KkIV*kY<k^G<kgla<<=V.=V(@B?<m3\
    VbrwV.@?V-~$FH<<lUl(VAq+V'l1<~(06@V+kC<kt<n&kHl`k>V3k]<<kHl'Hm]=<<><A<=kWmd~*iKsLV1ucmOl^V&}O=kK<<@ln<q>V%o:<lbV\
    ,kTV%m-kLJk]<ki<<kS<kbkpEl2<l{<kt<LTV(?V&m:?Sl+<mi<lFl><l;m{<mp<@lekwNkuo]mp=<ku~.7$V&k_V(x=<~0gl~1F9V&?V'DV)>V(\
    kAV%l]<<~1pAV(=V2>V(=<=V&msV(o.kaV%{SV(l5V(
    """)
  static let classes = PackedTable(count: 912, """
    mR;;;;;;;;;;;;;;;;;;;;=/;;;G+?;;;;);M;;;);M;;;;;;;;;;hX;;;;mG;;;E;;;;;;;E11;;E;;1;E;;1;;;E=/;E><;:<;:8;;;;;;;;;;\
    ;;;;;;;1E;;;1E;;39E;;;;;1;;;;;E;1E;3A=hWV+;V(m91hjm@;;;;;;;hl<<6V)m0;1;E;;;;1E;1h{m/;;;;;;;;;;1E;;1E;1h|m.1E;1E;\
    1;;E1;E1E;;1E1E1E1E;;;;;;;;1E1E;;;;;;;;;;;;;;;;;;;;1;;E1;;E;;;;;;;;1;;;;E;;;;;;;;;;;;;1E;1E;1E;;1;;hs<<m5;;1E;1;\
    E;;;;hT=mI1E;hT=mIhT=9=9=;9=knBj)=;;;;l%;i{l);;;F;ill8;;;l);;;7j&<=9;;;;l+;hVmI;1h_=;m?E;;hV;;;mI95C1E1hamI;;;;;\
    ;;1E;;;;1;;;;;E;1;;E;1;E;;;;1E;;;hT=mI1E;;;;;;hV;9=;9mK;;hNmG;;;;E;1;;;EhN;;;;;;mGE;;;;1E;;;;;;1E;?'A)k>;;;;;;;;\
    ;;;;;;;;;;;;;;;;;;;;;;;;;;;;=7;39G>.E1E;hN;mQ;;;hN;;mQ;;hN;mQ1EhN;mG;;;E;;;hVmI;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;/E\
    ?1=;h[;mJ;;;;;;;;;;;;;;hV;;mI;;;;;;;;;;;;;;;;;1;;ha9=mI;;1E;;;;hV;Lm8;;;;;;1;;;;;;E;1;E;;;;1E;hNmGhamI1E;;;;;1;E\
    ;;1E1;;;E1E1ha;;;9mK;;hV;9=9=9;=9;=mI;;;;;;;;;;;hV9mKhV9=9=;9=;9=;9=;;;;9=;;3;;;;mQ;;;;;;hS;6mC;h];;mM1;;;;?;;;;\
    ;;;E;;;;1;E;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;1;;;;;;E;;;;;hT
    """)
}

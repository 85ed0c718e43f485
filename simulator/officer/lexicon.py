"""The words that show a behaviour, as patterns: tolerant of recognisers (no punctuation, "gonna").

A pattern matches in one utterance, lower-cased, with straight apostrophes. The match is the quote.
"""

from __future__ import annotations

import re

from scenarios.behaviours import BehaviourId

_FEELING = (
    r"(?:upset|angry|mad|furious|scared|afraid|frightened|frustrated|hurt|hurting|overwhelmed|worried|anxious|"
    r"exhausted|tired|sad|lonely|alone|ashamed|embarrassed|humiliated|betrayed|stressed|nervous|fed up|confused|"
    r"lost|heartbroken|grieving|desperate|hopeless|insulted|disrespected|in pain|on edge|shaken(?: up)?|rattled|"
    r"panicked|terrified|cornered|trapped|let down|pissed(?: off)?|sick of (?:it|this)|at the end of your rope)"
)
_ACT = (
    r"(?:sit|stop|step|get|put|drop|show|give|hand|move|turn|come|go|leave|quit|shut|open|keep|stay|back|pull|"
    r"roll|sign|answer|listen|look|lower|let go|wait|stand|hold|take|pick|walk|relax|exit|kneel|lie|lay)"
)
_REASON = r"\b(?:because|'cause|cause|so (?:that )?(?:i|we|you|nobody|no one|everybody)|since|that way|that's why)\b"
_POLITE = r"\b(?:please|could you|would you|can you|would you mind|if you (?:would|could|don't mind)|for me|do me a favor)\b"

PATTERNS: dict[BehaviourId, str] = {
    "introduces_self": (
        r"\b(?:my name is|my name's|name's|i'm|i am|this is|it's) (?:an? )?(?:officer|deputy|sergeant|sgt|trooper|corporal|"
        r"detective|constable|marshal|lieutenant|ranger|agent)\b(?: [a-z'-]+)?|\bmy name(?: is|'s) [a-z'-]+|"
        r"\b(?:officer|deputy|sergeant|trooper|corporal|detective) [a-z'-]+,? (?:with|from|here)\b|"
        r"\b(?:call me|name's) [a-z]{3,}\b|\bi'm (?:with|from) (?:the )?(?:city |county |state |metro )?(?:police|sheriff)"
    ),
    "open_question": (
        r"\b(?:what(?:'s|s| is| was| are| were| do| did| does| would| has| had| can| could| kind| made| brought| happened|'d)"
        r"|how(?:'s|s| is| are| did| do| does| would| have| has| long| come| was| can| could)|why(?:'d| did| do| is| are)|"
        r"tell me|help me understand|walk me through|talk to me|where (?:do|did|would|were) you|who (?:can|is|would|was))\b"
        r"[^.!?]*"
    ),
    "minimal_encourager": (
        r"^(?:(?:mm+[- ]?h+m+|uh[- ]?huh|mhm|mm+|okay|ok|yeah|right|sure|alright|all right|i see|go on|go ahead|and then|then|"
        r"and|really|i'm listening|i hear you|keep going|tell me more|say more|got it|yes|so|oh)[\s,.?…!-]*)+(?:ma'am|sir)?[\s.?!…]*$"
    ),
    "emotion_label": (
        rf"\b(?:you (?:sound|seem|look|feel|must (?:be|feel)|are|were|got)|you're|sounds like|seems like|looks like|feels like|"
        rf"i (?:hear|can (?:hear|see|tell))|that(?:'s| is| must be| sounds| had to be))\b[^.!?]{{0,40}}?\b{_FEELING}\b|"
        r"\bthat (?:sounds|must be|must have been|had to be|has to be) (?:really |so |awful|hard|scary|painful|terrifying|"
        r"frustrating|exhausting|humiliating|lonely)[^.!?]*"
    ),
    "paraphrase": (
        r"\b(?:so (?:you|he|she|they|what you|it's|this|your)|(?:it )?sounds like (?:you|he|she|they|your|the)|what i'm hearing|"
        r"in other words|you're (?:saying|telling me)|you mean|if i (?:understand|got|hear) (?:you|this|that)|you feel like|"
        r"i hear you saying|let me (?:see|make sure) (?:if )?i)\b[^?]*"
    ),
    "summary": (
        r"\b(?:let me (?:sum|see if i|make sure i|say (?:it|that) back|put (?:it|this) together|run (?:it|that) back)|"
        r"to sum up|here's what i(?:'ve| have)? (?:got|heard|hear)|so far|all (?:of )?that together|so to recap|"
        r"what i've got|so that's|here's where we are|let me go back over)\b.*"
    ),
    "i_message": (
        r"\b(?:i(?:'m| am) (?:worried|concerned|trying|scared|afraid|asking|hoping|confused|having a hard time|not trying)|"
        r"i (?:feel|felt|worry|want (?:to|us|you|everybody|everyone)|would (?:hate|like)|'d (?:hate|like|rather)|care|get worried|"
        r"don't want (?:anybody|anyone|you|to))|it (?:worries|scares|concerns) me|i'd (?:hate|like|rather))\b[^.!?]*"
    ),
    "shows_empathy": (
        r"\b(?:i(?:'m| am) (?:so |really |very )?sorry (?:for|about|to hear|you|that|this)|i can (?:only )?imagine|i can't imagine|"
        r"i(?:'d| would) (?:be|feel)[^.!?]{0,25} too|anybody would|anyone would|i (?:get|understand) (?:it|that|why|how)|"
        r"that makes sense|makes sense|that's (?:a lot|hard|rough|tough|awful|terrible|a hard)|i hear you|no wonder|"
        r"(?:that|this) (?:must|has to|had to) (?:be|have been)|i know (?:this|that|it)(?:'s| is) (?:hard|scary|a lot|not easy)|"
        r"i don't blame you|you've been through|that's a (?:lot|long))\b[^.!?]*"
    ),
    "explains_why": (
        rf"{_REASON}[^.!?]*|\bthe reason\b[^.!?]*|\bi(?:'m| am) here (?:because|to|about|'cause)\b[^.!?]*|"
        r"\b(?:we|i) (?:got|had|took) a call\b[^.!?]*|\bi (?:stopped|pulled) you[^.!?]*\b(?:for|because)\b[^.!?]*|"
        r"\b(?:somebody|someone|a neighbou?r|your (?:mom|mother|sister|brother|wife|husband|daughter|son)|the (?:manager|store|clerk|"
        r"caller|owner)) (?:called|was worried|is worried|reported|asked)\b[^.!?]*|\bi (?:have to|need to|gotta|got to) (?:ask|check|make sure)\b[^.!?]*"
    ),
    "offers_options": (
        r"\b(?:you(?:'ve| have|'ve got| got)? (?:a couple|two|some|a few)(?: of)? (?:options|choices|ways)|we (?:can|could) (?:either )?"
        r"[^.!?]*\bor\b[^.!?]*|you (?:can|could) (?:either )?[^.!?]*\bor\b[^.!?]*|would you (?:rather|prefer|like to)\b[^.!?]*\bor\b[^.!?]*|"
        r"(?:it's )?(?:up to you|your (?:choice|call))|which (?:would|do) you (?:rather|prefer|want)|either way|"
        r"do you want (?:to|me to|us to)[^.!?]*\bor\b[^.!?]*)"
    ),
    "gives_time": (
        r"\b(?:take your time|no (?:rush|hurry)|(?:we|i)(?:'ve| have)? got (?:all (?:the )?|plenty of |some )?(?:time|night|day)|"
        r"(?:we|i) have (?:all the |plenty of )?time|nobody's in a hurry|i'm not (?:going anywhere|in a hurry|in any hurry|in a rush)|"
        r"i can wait|i'll wait|whenever you're ready|when you're ready|take a (?:minute|breath|second|moment)|let's (?:slow|take it slow|"
        r"take a)|as long as you need|catch your breath|no (?:hurry|rush)|slow(?:ly)? down with)\b[^.!?]*"
    ),
    "clear_request": (
        rf"(?:{_POLITE})[^.!?]*\b{_ACT}\b[^.!?]*|\b{_ACT}\b[^.!?]*(?:\bplease\b|\bfor me\b|{_REASON})[^.!?]*|"
        rf"\b(?:i'd like you to|i need you to|i'd ask you to|i'm asking you to)\b[^.!?]*(?:\bplease\b|\bfor me\b|{_REASON})[^.!?]*|"
        r"\b(?:can|could|may|mind if) i (?:see|come|have|take|get|look|ask|talk|sit|step)\b[^.!?]*|\bwould you mind\b[^.!?]*"
    ),
    "reassurance": (
        r"\b(?:you(?:'re| are) (?:not in (?:any )?trouble|safe|okay|ok|all right|alright|not under arrest|not being arrested|doing (?:fine|good|"
        r"great|well|the right))|nobody(?:'s| is) (?:going to|gonna|in trouble|hurt|here to|taking|mad)|no one(?:'s| is)[^.!?]*|"
        r"i'm not (?:here to|going to|gonna) (?:hurt|arrest|take|judge|trick|touch|grab|yell|fight)|i(?:'m| am) here to help|you're gonna be (?:ok|okay|all right)|"
        r"we're (?:going to|gonna) (?:get|figure|work)|it's (?:ok|okay|all right|alright|not your fault)|that's (?:okay|ok|all right|fine)|"
        r"i'm (?:right here|with you|staying)|i've got you|you did (?:the right|nothing wrong|good))\b[^.!?]*"
    ),
    "asks_safety": (
        r"\b(?:(?:do|are|is|have|did|you) [^.!?]{0,40}?\b(?:weapons?|guns?|knife|knives|firearm|armed|hurt|injured|bleeding|hit|"
        r"kill(?:ing)? yourself|suicid\w*|hurt(?:ing)? yourself|end(?:ing)? your life|harm(?:ing)? yourself|"
        r"took|taken|anything (?:sharp|on you))\b[^.!?]*|thinking (?:of|about) (?:suicide|killing|ending|hurting)[^.!?]*|"
        r"(?:any|anything)[^.!?]{0,25}\b(?:weapons?|guns?|knives|poke|stick|sharp)\b[^.!?]*|where(?:'s| is) the (?:gun|knife|weapon)[^.!?]*|"
        r"how many (?:pills|did you take)[^.!?]*|anybody (?:else )?(?:hurt|in there)[^.!?]*)"
    ),
    "offers_help": (
        r"\b(?:(?:can|could) (?:i|we) (?:get|call|bring|give|help|drive|do)\b[^.!?]*|i(?:'ll| will|'d be glad to| can| could) (?:get|call|bring|"
        r"help|drive|find|walk|give you|stay|make (?:sure|some)|see (?:if|what)|talk to|ask|grab|ride)[^.!?]*|(?:would you|do you) (?:like|want|need) "
        r"(?:some |a |an |me to |us to |any )?(?:water|ride|blanket|coffee|jacket|doctor|ambulance|phone|help|call|somebody|someone|medic|drive|get|"
        r"go|check|look)[^.!?]*|is there (?:somebody|someone|anybody|anyone|anything)[^.!?]*\b(?:call|help|can|could|get|do)\b[^.!?]*|"
        r"let me (?:help|get you|call|see what|find|grab|give you)[^.!?]*|we can (?:help|get you|find|call)[^.!?]*|i want to help[^.!?]*)"
    ),
    "courtesy": (
        r"\b(?:please|thank you|thanks|sir|ma'am|miss|mister|mr\.?|mrs\.?|ms\.?|excuse me|i appreciate (?:it|that|you)|pardon|"
        r"appreciate (?:it|that|you)|good (?:morning|afternoon|evening))\b"
    ),
    "threat": (
        r"\b(?:or (?:else|i(?:'ll| will|'m)|you(?:'ll| will|'re)|we(?:'ll| will)|it's)\b[^.!?]*|(?:you(?:'re| are)|you'll be) (?:going to|gonna|go to|headed to)"
        r"[^.!?]{0,20}\b(?:jail|arrested|cuffs|cuffed|ground|tased|hospital|back of|cell)\b[^.!?]*|i(?:'ll| will|'m going to|'m gonna)[^.!?]{0,15}\b(?:arrest|tase|taze|cuff|drag|"
        r"tow|make you|break|take you (?:in|to jail|down)|put you (?:in|on)|lock|haul|write you|kick|call (?:cps|immigration|ice))\b[^.!?]*|last (?:chance|warning|time)|"
        r"(?:under arrest|you want to (?:go to jail|get arrested|spend))[^.!?]*|i'm (?:only )?(?:going to|gonna) (?:say|tell|ask)[^.!?]*(?:once|one more|again)|"
        r"the (?:hard|easy) way|don't make me\b[^.!?]*|you(?:'ll| will) (?:regret|be sorry)[^.!?]*|keep (?:it up|talking|pushing)[^.!?]*|"
        r"if you don't\b[^.!?]*\b(?:i'll|i will|you'll|you're|we'll|then|i'm)\b[^.!?]*|next thing[^.!?]*|ten seconds|count (?:of|to) (?:three|five))"
    ),
    "insult": (
        r"\b(?:idiot|stupid|moron|dumb(?:ass)?|pathetic|loser|liar|junkie|drunk(?:s)?\b(?! driv)|bum|crazy|nuts|psycho|clown|genius|princess|sweetheart|"
        r"trash|worthless|lazy|baby|coward|jerk|crybaby|brat|punk|thug|disgusting|joke|buddy boy|smart ?ass|wise guy|einstein|shakespeare|"
        r"what's wrong with you|are you (?:deaf|slow|high)|real (?:smart|nice|classy|mature)|people like you|you people|give me a break|"
        r"cry me a river|boo hoo|grow up|shut (?:up|it|your))\b"
    ),
    "dismissive": (
        r"\b(?:calm (?:the \w+ )?down|relax|chill(?: out)?|settle down|it's (?:not|no) (?:that |a )?big (?:a )?deal|not (?:that |a )big|no big deal|"
        r"you(?:'re| are) (?:overreacting|being (?:dramatic|ridiculous|silly|difficult)|fine)|get over it|whatever|i don't (?:care|have time|wanna hear|want to hear)|"
        r"not my (?:problem|job)|everybody (?:has|'s got|gets)|people have it worse|it's just an?|don't be (?:silly|dramatic|ridiculous|so)|"
        r"stop (?:crying|whining|being|with the)|save it|heard it (?:all )?before|yeah,? yeah|sure you (?:did|do|are)|quit (?:crying|whining|being)|simmer down|"
        r"enough (?:with|of)|cool it|lighten up|so what|who cares|doesn't matter|move on with)\b[^.!?]*"
    ),
    "lecturing": (
        r"\b(?:you (?:should(?:'ve| have|n't)?|need to (?:learn|think|understand|realize|grow|get your)|ought to|have to (?:learn|understand|realize)|"
        r"people need)\b[^.!?]*|at your age|when i was[^.!?]*|(?:a )?real (?:man|mother|father|parent|adult)[^.!?]*|"
        r"that's (?:what happens|the problem with|how)[^.!?]*|(?:responsib\w+|consequences|adults?)\b[^.!?]*|actions have|set(?:ting)? an example|"
        r"think about (?:your|what you|how|the)[^.!?]*|maybe if you[^.!?]*|if you(?:'d| had)[^.!?]*you wouldn't[^.!?]*|nobody (?:made|forced) you[^.!?]*|some of us)"
    ),
    "false_promise": (
        r"\b(?:i (?:promise|guarantee|swear)(?: you)?\b[^.!?]*|you have my word[^.!?]*|nothing(?:'s| is| will)(?: going to| gonna)? (?:happen|go wrong)[^.!?]*|"
        r"everything(?:'s| is| will)(?: going to| gonna)? (?:be )?(?:fine|ok|okay|all right|alright|work out|perfect)|"
        r"i(?:'ll| will|'ll make) (?:make sure (?:the judge|they|you never|nobody|he|she)|get (?:it|that|the charges?|this|them) (?:dropped|dismissed|thrown out|back)|"
        r"make (?:it|this|that|the \w+) (?:go away|disappear))[^.!?]*|you(?:'ll| will) (?:definitely|never have|be home (?:by|in|tonight))[^.!?]*|a hundred percent)"
    ),
    "accusation": (
        r"\b(?:you(?:'re| are) (?:lying|hiding|drunk|high|on something|guilty|making (?:this|that|it) up|up to|the one who|full of)\b[^.!?]*|"
        r"you (?:stole|took (?:it|that|the)|hit (?:him|her)|did (?:it|this)|started|lied|knew|been (?:drinking|using|smoking))\b[^.!?]*|don't lie|stop lying|quit lying|"
        r"i (?:know|think) you(?:'re| are|'ve)? (?:did|lying|took|stole|hiding|been)[^.!?]*|what(?:'d| did) you (?:steal|take|do to)[^.!?]*|"
        r"how much (?:have|did) you (?:had|have)? ?(?:to drink|drink|smoke|take)[^.!?]*|that's (?:a lie|bull\w*|not what (?:happened|she|he|they))|nice try|"
        r"guilty|your kind|i don't (?:believe|buy)[^.!?]*|likely story|sure you didn't)"
    ),
}

COMPILED: dict[BehaviourId, re.Pattern[str]] = {
    id_: re.compile(pattern) for id_, pattern in PATTERNS.items()
}

#: A clause that begins with an act to be done and carries neither reason nor courtesy: a bare command.
COMMAND = re.compile(
    rf"(?:^|[.!?;,] |\b(?:now|and|just|okay|sir|ma'am|hey|i said|i told you to|you need to|you have to|you're going to|i need you to|you gotta) )"
    rf"(?:don't (?:you )?move|{_ACT}\b)[^.!?;]*"
)
COURTESY_OR_REASON = re.compile(rf"{_POLITE}|{_REASON}|\bthank|\blet's\b|\bif you want\b|\btake your time|\bcan i\b|\bwould\b")
QUESTION = re.compile(
    r"[^.!?]*\?|\b(?:what|where|who|why|how|when|are you|is (?:he|she|it|that|there)|do you|did you|have you|can you|were you)\b[^.!?,]*"
)

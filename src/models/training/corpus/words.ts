/** Common English words for topics, attributes and values. A word is for training or for evaluation, never for both; `lexicon.ts` decides by its hash. */
export const words: readonly string[] = `
account action active actor adapter address admin age agent agreement air alarm album alert alias amount anchor angle animal answer apple archive area
argument arm army array arrow article artist asset atlas atom audio audit author autumn avenue award axis backup badge bag balance ball band bank banner
barrel base basin basket batch battery beach beacon bean bear bed bell belt bench bicycle bill binary bird block board boat body bolt bonus book border
bottle bottom boundary bow box branch brand bread break breeze brick bridge brief brush bubble bucket budget buffer bug build bundle burst bus business
butter button cabin cable cache cake calendar call camera camp canal candle canvas capacity capital captain car card cargo carpet cart case cash castle
catalog cause cave ceiling cell center central chain chair chamber chance change channel chapter charge chart check cheese chest chief child choice circle
circuit city claim class clay client cliff clock cloud cluster coach coal coast coat code coin collar color column comet command comment common compass
complete concert config connection console contact container content context contract control cookie copper copy corner cost cotton count counter country
course court cover cradle craft crane credit creek crew crop cross crown crystal culture cup current curtain curve customer cycle daily dance dashboard
data database date dawn deal debt deck deep default degree delay delivery demand depth desert design desk detail device dialog diamond diary digest dinner
direct disk dispatch display distance doctor document domain door double draft dragon drawer dream dress drive driver drum dust duty eagle early earth
east echo edge editor effect electric element elevator email empty encoder energy engine entity entry envelope epoch equal error estate event evening
exact exchange exit expert export extra fabric face factor factory fair family farm fast father feather feature feed fence festival fiber field figure
file filter final finger fire first fish flag flame flash fleet flight floor flow flower fog folder food forest form formal format fortune forum forward
fossil fountain frame freight fresh friend front frost fruit fuel full function fund future gallery game garage garden gas gate gateway general gentle
giant gift glacier glass global glove goal gold grain grand grant grape graph grass gravity green grid ground group guard guest guide guitar habit half
hall hammer hand handler handle hangar harbor hard harvest hash hat hazard head header health heart heat heavy height helmet herb high hill hint history
holiday home honey hook horizon horse hospital hotel hour house human hunter ice icon image impact import inbox income index initial ink input insect
inside instance interest internal invoice iron island item ivory jacket jar job joint journal journey judge juice jungle junior kernel kettle key kitchen
kite knife label ladder lake lamp land lane language large laser late latency launch laundry law layer leader leaf league lease ledger legal lemon length
lesson letter level library license light limit line link lion liquid list load loan lobby local lock log logic long loop lunch machine magnet mail mailbox
main major manager manual map maple marble margin market mask master match matrix meadow meal measure meat medal media medium meeting member memory menu
merchant message metal meter method metric middle migration milk mill mine minor mirror mission mixer mobile model modern module moment money monitor
monkey month moon morning motion motor mountain mouse movie museum music nation native nature navy needle nest network night noise normal north notebook
notice novel number nurse oak object ocean offer office oil olive online open opera option orange orbit orchard order organ origin outer output oven
owner oxygen package packet page paint pair palace panel paper parcel parent park parser part partner party passage password patch path patient pattern
payment peak pearl pencil pepper period permit person phone photo piano picture piece pier pilot pipe pipeline pixel plain plan planet plant plastic plate
platform player plaza plugin pocket poem point policy pond pool port portal post powder power press price primary prime prince printer priority prison
private prize probe process product profile profit program project prompt proof property protocol proxy public pulse pump purple puzzle quality quarry
quarter queen query queue quick quiet quota rabbit race rack radar radio rail rain range rapid rate ratio raw reactor reader record recovery region
registry regular relay release remote repair replica reply report request reserve resource response restart result retail retry return reward ribbon rice
ring river road robot rocket role roof room root rope rotor rough round route router royal rule runner runtime saddle safe sail salad salary sale salt
sample sand scale scanner schedule schema school science scope score screen script sea search season seat second secret section sector security seed
segment select senior sensor series server service session shadow shape share shelf shell shelter shield shift ship shirt shop shore short shoulder side
signal silent silver simple singer single site size sketch skill sky sleep slice slide slot slow small smart smoke smooth snapshot snow socket soft
soil solar soldier solid song sound source south space spare spark special speed spice spider spiral spirit spoon sport spring square stable stack staff
stage stairs standard star start state station statue status steam steel step stick stock stone storage store storm story strategy stream street strict
string strong student studio style subject sugar suit summary summer sun supply support surface survey swamp sweet switch symbol system table tablet tail
talk tank target task taxi teacher team temple tenant tent term terminal test text theater thermal thread thunder ticket tide tiger timber timeout timer
title toast token tool topic torch total tower town toy trace track trade traffic trail train transfer travel tray treasure tree trial tribe trigger trip
truck trunk trust tube tunnel turbine turn tutor type uncle union unique unit update upper urban usage user valley value valve vault vector vehicle velvet
vendor venue version vessel video view village violin virtual vision visit visitor voice volume voter wagon wall warehouse warm warning watch water wave
wax weather web week weight well west wheat wheel white wide wild willow wind window wine wing winter wire wizard wolf wonder wood wool worker workshop
world worm yard year yellow young zebra zero zone`
  .trim()
  .split(/\s+/)

/** Verbs that take an object, in their plain form. */
export const verbs: readonly string[] =
  `like need build sell want make call follow watch paint drive love teach guard bring carry clean cook count cover cut design drink eat feed fill fix grow hide
hold hunt join kick lead learn lend lift load lock mark meet miss order own pack pay print protect pull push reach read record ride serve show sign sing start
study support test touch track train visit wash wear write move send keep store open close check copy choose`.split(
    /\s+/,
  )

/** First names and places seen in training. */
export const trainingNames: readonly string[] =
  `Anna Ben Clara David Emma Frank Grace Henry Ivy Jack Kate Liam Maria Noah Olga Paul Quinn Rosa Sam Tina Umar Vera Will Yara Zoe Lucas Mia Oscar Nina Peter
London Paris Berlin Tokyo Madrid Oslo Vienna Rome Cairo Lima Dublin Prague Delhi Seoul Boston Denver Austin`.split(
    /\s+/,
  )

/** First names and places kept for evaluation. */
export const evaluationNames: readonly string[] =
  `Astrid Bjorn Camille Dmitri Esperanza Fergus Giulia Hamish Ingrid Joaquin Katarina Leopold Mireille Niamh Octavia Priya Ruslan Saoirse Tobias Ulrich Valentina
Wolfgang Yasmin Zachary Lisbon Warsaw Nairobi Bogota Helsinki Jakarta Kyoto Marrakesh Reykjavik Tallinn Zurich Kestrel Halcyon Polaris Obsidian Marigold Quartz Zephyr
Nimbus Falcon Tundra`.split(/\s+/)

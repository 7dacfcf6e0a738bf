/** Folded words that tell French and English chat lines apart. Words that both languages write (code, email, spam, login, job,
 *  on, son, dont, plus, agent, page) stand in neither list. */

/** French only, and not the name of anything. */
export const CLEAR_FR = list(
  'je j jai jsuis chu chui jme jpeux jveux jvais jsais tu il elle nous vous ils elles moi toi lui eux leur mon ma mes ton tes ses notre nos votre vos',
  'le la les l un une des du de d au aux ce cet cette ces ca cest cetait celle celui ceux qui que qu quoi quel quelle quels quelles',
  'et ou mais donc ni puis pis avec sans pour dans sur sous chez vers entre depuis pendant avant apres parce quand comment pourquoi combien',
  'ne n pas jamais rien aucun aucune toujours encore deja aussi tres trop beaucoup peu assez plusieurs chaque tout tous toute toutes autre autres meme',
  'est sont suis etes sommes etait etais ete etre ai avons avez ont avoir avait avais eu fait faire fais faites va vais vont aller peut peux pouvez peuvent',
  'veux veut voulez voudrais aimerais dois doit devez faut sais sait savez savoir recu recois recoit recevoir recevez envoye envoyer envoyez envoi',
  'renvoyer renvoyez renvoi renvoie trouve trouver trouvez cherche chercher cherchez marche fonctionne essaye essaie essayer reessayer demande demander',
  'inscrit inscrite inscrire inscription connecter connecte connexion creer cree',
  'oui ouais ouin nan bonjour bonsoir allo merci svp stp bienvenue desole quelqu quelquun personne aide aider aidez besoin courriel courriels',
  'pourriel pourriels indesirable indesirables adresse travail ecole famille conjoint conjointe mari femme enfant enfants fils fille mere pere employeur',
  'compte mot passe boite ici maintenant hier demain aujourd hui aujourdhui matin soir jour jours semaine semaines heure heures',
  'acces invite invitee oublie perdu perdue mauvais mauvaise bonne bon parler regarde regarder reponse repond repondre probleme lien cliquer clique clic',
  'fois deux trois telephone vrai vraie humain humaine anglais francais entreprise collegue patron',
  'pcq pck pkoi pourkoi tjrs tjs qqun qqn qqch bcp slt dsl ya yavait ste cte icitte ben faque tse pantoute',
)

/** English only, and not a loan word of Québec French. */
export const CLEAR_EN = list(
  'i im ive ill id you youre your yours he she they them their theirs his hers our ours my mine we were us it its',
  'the this that these those an of to for from with without into at by in is are was am be been being isnt arent wasnt werent',
  'and but if because so than then when where why how what which who whose while',
  'do does did doesnt didnt done can cant cannot could couldnt would wouldnt should shouldnt will wont have has had havent hasnt hadnt having',
  'not never nothing nobody someone anyone anything something everything yes yeah yep nope',
  'get got getting give gave need needs want wants know knew think thought see saw look looking looked find found try tried trying tell told said say says',
  'send sent sending receive received receiving resend work works working worked sign signed signing log logged logging enter entered click clicked',
  'help thanks thank thx already still yet again always just only really very much many more most any some all both each every other another same',
  'address password account school family husband wife spouse kid kids daughter employer company benefits',
  'now today yesterday tomorrow morning week weeks day days hour hours ago since before after until about here there',
  'wrong right new old lost forgot forgotten invited speak talk english french keep keeps kept go going gone back up out down off over',
  'once twice two three dunno idk gonna wanna gotta ur u asap cuz',
)

/** Likelier in one language, but found in the other's lines too. */
export const HINT_FR = list('en a si non y te es plait sa ta')
export const HINT_EN = list(
  'a me no as or link hello hi hey please pls plz sorry okay real human phone call person number wait inbox junk folder folders',
)

function list(...lines: string[]): ReadonlySet<string> {
  return new Set(lines.join(' ').split(' '))
}

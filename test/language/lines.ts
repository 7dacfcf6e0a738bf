/** Chat lines as members type them on phones, with their language: many without accents, in Québec French, or as text messages. */
export const FRENCH = `
J'ai jamais reçu mon code d'accès
Bonjour, je ne trouve pas mon courriel d'invitation
Le code que vous m'avez envoyé ne fonctionne pas
Est-ce que je peux parler à quelqu'un?
Mon employeur m'a inscrit mais je reçois rien
C'est mon adresse du travail
Je pense que c'est mon adresse personnelle
J'ai regardé dans mes spams et il n'y a rien
Le site me demande un login
Mon conjoint a déjà un compte chez vous
J'ai créé mon compte avant d'être invitée
Je suis au Québec mais j'ai choisi l'Ontario
Où est-ce que je trouve le code?
Ça dit que le code est invalide
Merci beaucoup pour votre aide
Non, toujours pas reçu
Oui je l'ai trouvé, merci!
Vous pouvez me le renvoyer svp?
Je n'ai pas accès à mon ancien email
J'ai oublié mon mot de passe
Le lien du email est expiré
Mon app me demande un code
Quelle adresse dois-je utiliser?
Je l'ai demandé hier soir
J'ai essayé avec mon gmail et mon hotmail
Pas dans mes pourriels non plus
C'est la troisième fois que j'essaye
Ma fille est étudiante à l'université
On m'a dit de venir ici
Rien reçu depuis ce matin
Il faut un reset du mot de passe
Mon boss dit que je suis couvert
Bonsoir, petit problème de connexion
Le support m'a dit d'attendre
Pourquoi vous avez besoin de ça?
Parfait, merci, bonne journée
Mon mari travaille chez vous je pense
Le bouton renvoyer marche pas
J'ai changé de province l'an dernier
Personne ne répond au téléphone
jai pas recu mon code
je recois pas le courriel
bonjour jai besoin daide svp
mon code marche pas
cest quoi le code dacces
chu pas capable de me connecter
jsuis tanne ca marche pas
ou est mon code
je sais pas quelle adresse
ste code la est pas bon
ya rien dans ma boite de reception
le email est pas rentre
jai check mes spam pis rien
ben la ca fait 3 jours que jattends
pourquoi ca me demande un code
je veux parler a une vraie personne
mon chum a un compte avec son travail
ma blonde est assuree par sa job
jai deja un compte je pense
mot de passe oublie
slt jai pas mon code dacces
pk ca marche pas
jai tout essaye pis ca marche pas
je comprend pas pantoute
merci bcp bonne journee
on me demande un code dacces
jai mis mon adresse de la job
c la mauvaise region
dsl je trouve pas
cest bon je lai trouve
Salut, j'aurais besoin de ravoir mon code
a quel courriel tu las envoye
Rendu la je suis decouragee
ma mere est inscrite mais pas moi
Cpt bloque que faire
vous etes un robot?
c long avoir une reponse
je me suis separe, mon ex avait la couverture
Aucun message de votre part
Toujours en attente du courriel
essaye avec lautre adresse
hotmail ou gmail je sais plus
Impossible de me connecter
message d'erreur: code invalide
Code refusé deux fois
Mauvaise province choisie
Super merci à vous
Quand est-ce que ça arrive
Parlez moi en anglais
on a change de compagnie d'assurance
mon employeur cest la ville
code introuvable aidez moi
Email pas reçu
Spam vérifié, rien là
`
  .trim()
  .split('\n')

export const ENGLISH = `
I never got my access code
Hi, I can't find my invitation email
The code you sent me doesn't work
Can I talk to someone?
My employer signed me up but I get nothing
It's my work address
I think it's my personal email
I checked my spam and there is nothing
The site asks me for a login
My husband already has an account
I made my account before being invited
I'm in Quebec but I picked Ontario
Where do I find the code?
It says the code is invalid
Thanks a lot for your help
No, still not here
Yes I found it, thanks!
Can you send it again please?
I no longer have access to my old email
I forgot my password
The link in the email expired
My app wants an access code
Which address should I use?
I asked for it last night
I tried with my gmail and my hotmail
Not in my junk folder either
This is the third time I try
My daughter is a student at Université Laval
I was told to come here
Nothing since this morning
What is the access code for
How long does it take
Who do I contact about my benefits
My wife gets it through her job
we moved from Montréal to Calgary
wrong region sorry
the resend button does nothing
I clicked on it and it just spins
Is there a phone number I can call
good morning need some help
didnt get my code
i dont have a code
cant log in
where is my code
code not working
no email in my inbox
its not there
idk which email they used
pls send it again
still waiting for it
this is so frustrating
my code is wrong
i want a real person
u guys never answer
tried everything nothing works
how do i sign in
forgot my password again
ok thanks have a good day
i already have an account
got it thank you
Need my code resent asap
Which email did you send it to
Account locked what now
my mom is registered but not me
are you a bot?
taking forever to get a reply
No message from you guys
Waiting on the email
trying the other address
Unable to sign in
error message: invalid code
Code rejected twice
Picked wrong province
Great thanks so much
When will it arrive
Speak to me in French please
we switched insurance companies
employer is the city
Email not received
Checked spam, nothing
my spouse has coverage thru work
Got an error on the page
lost my job in may
any update on this
code expired need new one
resend code please
Hello I am having trouble
`
  .trim()
  .split('\n')

/** Nothing to tell a language by; the one that is spoken must stay. */
export const UNSURE = [
  'ok',
  'code',
  'camille@example.com',
  'gmail',
  '123',
  '',
  '👍',
  'Camille Tremblay',
  'K7M2',
  'spam',
  'email',
  'CA-QC',
  'Toronto, Ontario',
  'merci',
  'Sophie Gagnon-Roy',
  'hello',
]

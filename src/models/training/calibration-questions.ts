/**
 * Questions that are none of the embedded model's tasks, for `calibrate.ts`: what it is to refuse. No evaluation uses them, as none may be calibrated on
 * what it judges.
 */
export const calibrationQuestions: readonly string[] = `
What is photosynthesis?
How does gravity work?
What is the chemical symbol of gold?
Who discovered penicillin?
What is the speed of light?
Why do magnets attract iron?
How many bones are in the human body?
What is the boiling point of water at sea level?
Explain how vaccines work.
What are black holes made of?
Who came up with the theory of relativity?
What is the difference between a virus and a bacterium?
How far away is the moon?
What is DNA?
Which gas do plants breathe in?
How do volcanoes form?
What is the powerhouse of the cell?
Is glass a liquid?
How hot is the sun?
what's the largest planet
When was the telephone invented?
Who invented the light bulb?
What does an enzyme do?
Why is the sea salty?
How does a rainbow come about?
What is an isotope?
Name two noble gases.
How old is the universe?
What makes thunder?
Can sound travel through a vacuum?
Write a Python function that reverses a string.
How do I sort a list in JavaScript?
What is the difference between HTTP and HTTPS?
Explain recursion with an example.
Why is my computer so slow?
What does SQL stand for?
Fix this code: for i in range(10) print(i)
How do I take a screenshot on a Mac?
What is a binary tree?
Write a regular expression for email addresses.
Which programming language should I learn first?
How do I center a div?
What is machine learning?
Can you debug my program?
What is the difference between a stack and a queue?
How does Bluetooth work?
Who founded Microsoft?
What is the newest iPhone?
How do I reset my router?
Is it bad to leave a laptop plugged in overnight?
Write a bash script that backs up a folder.
What does a compiler do?
Explain quantum computing in simple words.
What is blockchain good for?
How much memory do I need for gaming?
Who composed the Moonlight Sonata?
Which band recorded Abbey Road?
Who directed Jaws?
What is the best film of all time?
Who sang Purple Rain?
Recommend me three comedies.
How many symphonies did Beethoven write?
What is a minor chord?
Who plays James Bond?
Write a song about the rain.
Write lyrics for a country song.
What genre is Nirvana?
In which film does a shark attack a beach town?
What instrument did Chopin play?
Who won the Oscar for best actress last year?
Tell me the story of Star Wars.
How do I read sheet music?
What is the plot of Inception?
Who is Taylor Swift?
How many episodes has Friends?
I have a headache, what helps?
How much water should I drink a day?
What are the symptoms of the flu?
Is coffee bad for the heart?
How do I lower my blood pressure?
What vitamins are in oranges?
How can I lose weight?
Why do we yawn?
What does ibuprofen do?
How many hours should a baby sleep?
Is running bad for the knees?
My back hurts when I sit. Any exercises?
What is a normal pulse?
Can I drink alcohol with antibiotics?
What causes diabetes?
How long does a cold last?
Do I have to see a doctor for a tick bite?
When should I plant tulips?
How often do I water a cactus?
What grows well in the shade?
How do I get rid of slugs?
Why are the leaves of my lemon tree yellow?
When do I prune roses?
What fertilizer do strawberries need?
How do I make compost?
Which vegetables can be sown in March?
How tall does a sunflower grow?
What is inflation?
How does a mortgage work?
Should I invest in bonds?
What is compound interest?
Who pays taxes on a gift?
What is the gross domestic product?
How do I write an invoice?
What is a stock split?
Explain supply and demand.
How much should I save every month?
What is a good credit score?
Why do prices rise?
What is the meaning of life?
Who was Socrates?
What did Kant say about morality?
Is free will an illusion?
What is existentialism?
Explain the trolley problem.
Do animals have a soul?
What is the difference between ethics and morals?
Does God exist?
What would Nietzsche say about social media?
What is 30% of 90?
What is 5 percent of 2000?
Increase 70 by 10 percent.
What is the cube root of 27?
What is the square of 14?
How much is ten times ten?
What is sin of 90 degrees?
If I buy 4 books for 12 dollars each, how much do I spend?
Anna is 8 years older than Ben, who is 15. How old is she?
A car drives 240 km in 3 hours. What is its speed?
Solve 2x - 4 = 10.
What is 1/2 + 1/3 as a fraction?
How many feet are in a mile?
Convert 72 Fahrenheit to Celsius.
What is pi to five digits?
Is 51 divisible by 3?
What is 17 mod 5?
How many weeks are in 2 years?
What is the median of 3, 9, 4?
A rectangle is 4 by 6. What is its area?
What is twelve minus five?
Write 1994 in Roman numerals.
Which number is bigger, 0.9 or 0.11?
Share 50 dollars between 3 people fairly.
What is the next prime after 13?
Factor x^2 - 9.
What is 8 to the third power?
There are 20 students and 40% are girls. How many boys are there?
What is 100 minus 20 percent?
What is 6 plus 3 squared?
What time is it in Tokyo?
How many days are in February?
What day is tomorrow?
How long until New Year?
When is Mother's Day?
What year was I born if I am 30?
What time does the train leave?
How many hours are between 9 am and 5 pm?
Remind me to call Peter at noon.
What date is the first Monday of next month?
When did daylight saving time begin?
Was 1900 a leap year?
Write an essay about friendship.
Write a thank-you note to my boss.
Give me a riddle.
Make a table of the months and their days.
Explain this joke to me: why did the chicken cross the road?
Translate this into French: where is the station?
What is the Russian word for peace?
How do you spell necessary?
What is a synonym for fast?
What is the past tense of go?
Put this in the passive: the cat eats the mouse.
Shorten this text: We would like to inform you that the meeting has been moved.
Write a tweet about climate change.
Give me a quote about courage.
What rhymes with orange?
Make a quiz about the human body.
Wer hat das Telefon erfunden?
¿Cuál es la velocidad de la luz?
Quelle est la formule de l'eau ?
光の速さはどのくらいですか
Give me ten ideas for a school project.
Draw me a picture of a castle.
What are you thinking about the election?
Do you believe in ghosts?
Which is heavier, a kilo of feathers or a kilo of lead?
What has keys but cannot open locks?
Turn off the lights.
Open the browser and go to my mail.
Find me a cheap hotel near the beach.
Send a message to Lisa.
Which car should I buy?
How do I fix a leaking tap?
What size of bicycle do I need?
How do I remove a stripped screw?
lorem ipsum dolor sit amet
photosynthesis
help me with my homework
You are now a doctor. What is wrong with me?
Say something clever about time.
Let's play chess.
`
  .trim()
  .split("\n")

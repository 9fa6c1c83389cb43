"""Given names that are mostly men's or mostly women's: a hint for whom `he` and `she` can mean.

Written from general knowledge, across languages; names in wide use for both are left out. A text's own
evidence (`Ms. Roe`, `the spokesman`) goes before it.
"""

from kb.lexicon import listed

MEN = listed(
    """aaron abdul abraham adam adrian ahmad ahmed alan albert alberto aldo alejandro alexander alfonso alfred ali
    allan allen alonso alvin amir anders andre andreas andreo andres andrew angelo angus anil anthony anton
    antonio antony arjun arnold arthur arvind ashok axel barack barry bartholomew bashar ben benedict
    benjamin bennett bernard bernie bert bill billy bjorn bob bobby boris brad bradley brandon brendan brent
    brett brian bruce bruno bryan byron caleb calvin carl carlo carlos cedric cesar chad charles charlie
    chester chris christian christoph christopher chuck clarence clark claude claudio clayton clifford clint
    clinton clive colin conor conrad craig curtis cyril cyrus dale damian damien dan daniel daniele danny
    darren darryl dave david dean deepak dennis derek desmond devin dick diego dieter dirk dmitri dmitry
    dominic don donald doug douglas duncan dustin dwight dylan earl ed eddie edgar eduardo edward edwin
    elias elijah eliot elliott elon emanuel emil emilio emmanuel enrique eric erik ernest ernesto ethan
    eugene evan fabio farid federico felipe felix ferdinand fernando florian francesco francis francisco
    francois frank franklin franz fred frederick friedrich fritz gabriel garrett gary gavin geoff geoffrey
    george gerald gerard gerhard gilbert giovanni giuseppe glenn gordon graham grant greg gregory guido
    guillermo gunther gustav gustavo guy hans hannes harald hardy harold harry harvey hassan hector heinrich
    helmut hendrik henri henrik henry herbert herman hillel hiroshi howard hubert hugh hugo hussein ian
    ibrahim igor ilya imran ivan jack jacob jacques jaime jake jamal james jan jared jason javier jay jeb
    jeff jeffrey jens jeremiah jeremy jerome jerry jesse jesus jim jimmy joachim joao joe joel joerg johan
    johann johannes john johnny jon jonas jonathan jorge jose josef joseph josh joshua josiah juan julian
    julio julius jurgen justin kai karl keith ken kenji kenneth kevin khaled kiefer klaus konrad kurt kyle
    lance larry lars laurence laurent lawrence leo leon leonard leonardo leopold lester liam lindsey lionel
    lloyd lorenzo louis luca lucas luigi luis lukas luke manfred manuel marc marcel marco marcos marcus
    mariano mario marius mark marshall martin marvin mathias mathieu matt matteo matthew matthias maurice
    mauricio max maximilian mehmet mel melvin michael michel miguel mike milton mitch mitchell mitt mohamed
    mohammad mohammed morris moses muhammad murray mustafa nathan nathaniel neil nelson newt nicholas nick
    nicolas nigel nikolai nikhil noah noel norbert norman olaf oliver omar oscar osama otto owen pablo
    patrick paul pavel pedro percy perry peter phil philip philipp philippe phillip pierre prakash rafael
    raheem raj rahul rajesh ralph ramesh ramon rand randall randy raul ravi ray raymond reince reinhard rene
    ricardo riccardo richard rick rob robert roberto rodney rodrigo roger roland rolf roman ron ronald ross
    roy ruben rudolf rudy rupert russell ryan sajid salman salvador sam samir samuel sanjay satoshi scott
    sean sebastian sergei sergey sergio seth shane shaun sidney simon solomon stanislav stanley stefan
    stephan stephen steve steven stewart stuart sundar sunil sven takeshi tariq ted terence terrence
    thaddeus theodore thierry thomas tim timothy tobias toby todd tom tomas tommy tony travis trevor tristan
    tyler ulrich umberto valentin victor vijay vikram vince vincent vinod vito vivek vladimir wade wallace
    walter warren wayne werner wilfred wilhelm will willem william winston wolfgang xavier yann yannick
    yoshua yuri yusuf zachary zach zoltan"""
)

WOMEN = listed(
    """abigail ada adele adriana agatha agnes aisha alexandra alexandria alexia alice alicia alina alison allison
    alma alyssa amanda amber amelia amina amy ana anastasia andrea angela angelica angelina anita anja ann
    anna annabel anne annemarie annette annie antonia april ariana astrid audrey ayesha barbara bea beatrice
    becky belinda bella bernadette bertha beth bethany betsy betty beverly bianca birgit bonnie brenda
    briana bridget brigitte brittany camila camilla candice cara carla carly carmen carol carole carolina
    caroline carolyn carrie cassandra catherine cathy cecile cecilia celeste celia charlotte chelsea cheryl
    chiara chloe christa christiane christina christine cindy claire clara clarissa claudia colleen connie
    constance cora corinne cornelia courtney cristina crystal cynthia daisy daniela danielle daphne darlene
    dawn debbie deborah debra deirdre delia denise desiree diana diane dolores donna dora doris dorothea
    dorothy edith edna eileen elaine eleanor elena eliza elizabeth ella ellen elsa emilia emily emma erica
    erika erin esther ethel eugenia eva eve evelyn faith fatima felicia fiona flora florence frances
    francesca frida gabriela gabriele gabriella gabrielle gail geraldine gertrude gillian gina ginger giulia
    gloria grace greta gretchen gwen gwendolyn hannah harriet heather heidi helen helena helene helga
    henrietta hilary hilda hillary holly hope huma ida ilse imogen ines ingrid irene irina iris irma isabel
    isabella isabelle ivanka jacqueline jacquelyn jana jane janet janice janine jasmine jean jeanette jeanne
    jenna jennifer jenny jessica jill joan joanna joanne jocelyn jodi josephine joy joyce juanita judith
    judy julia juliana julie juliet june karen karin karina kate katharina katharine katherine kathleen
    kathryn kathy katie katrin katrina kayla kellyanne kendra kerstin kimberly kirsten kirstie kristen
    kristin kristina larissa latoya laura lauren leah leila lena leonie leticia lila lilian liliana lillian
    lily linda lisa liz liza lois lola loretta lori lorraine louisa louise lucia lucille lucinda lucy luisa
    lydia lynn lynne mabel madeleine madison magdalena maggie malala malia mandy manuela mara marcia
    margaret margarita margot maria mariah mariam marianne marie mariko marilyn marina marisa marissa
    marjorie marlene marsha martha martina mary maryam matilda maureen maxine maya megan meghan megyn
    melania melanie melinda melissa mercedes meredith mia michaela michele michelle mildred mina mindy
    miranda miriam molly mona monica monika nadia nadine nancy naomi natalia natalie natasha nicole nikki
    nina noor nora noreen norma octavia olga olivia paige pamela patricia patty paula paulina pauline pearl
    peggy penelope penny petra phoebe phyllis polly priscilla priya rachel ramona rania rebecca regina
    renate renee rhonda rita roberta rosa rosalind rosanna rose rosemary roxanne ruth sabine sabrina sally
    samantha sandra sara sarah sasha savannah selena selma serena shannon sharon sheila shelley sheryl
    shirin shirley sienna silvia simone sofia sonia sonja sophia sophie stacey stacy stefanie stella
    stephanie sue susan susanna susanne suzanne svetlana sylvia tabitha tamara tania tanya tara tatiana
    teresa tess thelma theresa therese tiffany tina tracy trudy ulrike ursula valeria valerie vanessa vera
    verena veronica victoria viola violet virginia vivian wanda wendy whitney wilhelmina wilma yasmin
    yolanda yoko yvette yvonne zara zoe"""
)

GIVEN_NAMES = MEN | WOMEN

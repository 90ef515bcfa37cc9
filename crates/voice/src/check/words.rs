//! The words that rules look for, in lower case.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words, separated by blanks in the source.
type Words = LazyLock<HashSet<&'static str>>;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident = $words:literal) => {
        $(#[$doc])*
        pub(super) static $name: Words = LazyLock::new(|| $words.split_whitespace().collect());
    };
}

words! {
    /// What only somebody says who calls the other *tú*, *vos* or *vosotros*, or slaps their shoulder.
    FAMILIAR =
    "tú tu tus ti te contigo tuyo tuya tuyos tuyas vos vosotros vosotras os vuestro vuestra vuestros \
     vuestras eres sos estás tienes tenés puedes podés quieres querés debes sabes haces dices vienes sigues vas \
     has ves necesitas deseas prefieres buscas recibes encuentras eliges pides sientes piensas crees \
     conoces haz hagas seas estés tengas puedas quieras vayas digas vengas sepas debas necesites desees \
     olvides preocupes podrías deberías querrías tendrías gustarías dime dame ponme hazlo hazme cuéntame \
     llámame avísame mándame escríbeme muéstrame permíteme déjame ponte hola ok okay porfa chido órale güey wey guay tío tía ey"
}

/// Endings of the second person.
pub(super) const FAMILIAR_ENDINGS: &[&str] = &["aste", "iste", "rás", "áis", "éis"];

words! {
    /// Words that end so and are something else.
    NOT_FAMILIAR =
    "contraste desgaste traste existe triste insiste asiste consiste resiste persiste chiste atrás detrás"
}

words! {
    /// Words that end in -te and carry an accent, and are no commands like *siéntate*.
    NO_COMMANDS =
    "límite trámite intérprete satélite élite éste"
}

words! {
    /// Commands to a *tú* which are also what he or she does: *espera*. They are commands at the
    /// beginning of a sentence; those that often begin one otherwise (*abre*, *sigue*) are left out.
    COMMANDS =
    "espera elige escoge pulsa toca presiona intenta selecciona verifica usa escribe mira envía lee \
     revisa confirma ven pon di busca recuerda comprueba reenvía comparte disfruta descubre acepta \
     regresa configura crea edita cambia añade agrega ingresa manda responde contesta"
}

words! {
    /// Words of the machine room.
    JARGON =
    "token error errores excepción sistema base datos api bot callback null none nil servidor usuario \
     usuarios admin administrador administradora vip free premium comando comandos sql sqlite postgresql \
     fase versión bug timeout id ids webhook polling json html http https url link links click clic \
     backup log logs job scheduler cron handler update input default stack exception database migración \
     esquema rol roles status email online feature framework pending active inactive expired used unknown \
     user users channel standard bundle broadcast"
}

words! {
    /// Words of the machine room that those who run the house read beside the butler's.
    PLAIN_TERMS =
    "vip free bot administrador usuario usuarios versión webhook polling"
}

words! {
    /// Words that presume the gender of who is addressed.
    GENDERED =
    "bienvenido bienvenidos estimado estimada estimados querido querida queridos invitado invitada señor \
     señora señorita amigo amiga amigos caballero"
}

words! {
    /// What has a gender only after *está*, *esté* or *usted*.
    GENDERED_ADJECTIVES =
    "listo lista seguro segura tranquilo tranquila atento atenta solo sola contento contenta satisfecho \
     satisfecha inscrito inscrita suscrito suscrita dispuesto dispuesta bienvenida"
}

words! {
    /// Words that end like participles and are none.
    NO_PARTICIPLES =
    "cada nada toda vida pida decida olvida cuida coincida agrada"
}

/// Pieces of machinery that nobody must see.
pub(super) const LEFTOVERS: &[&str] = &[
    "{{",
    "}}",
    "{%",
    "%}",
    "None",
    "null",
    "undefined",
    "&amp;",
    "&lt;",
    "NaN",
];

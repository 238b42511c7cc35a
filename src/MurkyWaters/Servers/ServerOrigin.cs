namespace MurkyWaters.Servers;

/// <summary>Who named a server; in JSON the same words in camel case.</summary>
internal enum ServerOrigin
{
    /// <summary>servers.json.</summary>
    File,

    /// <summary>A person, until the process ends.</summary>
    Api,

    /// <summary>It made itself known.</summary>
    Peer,
}

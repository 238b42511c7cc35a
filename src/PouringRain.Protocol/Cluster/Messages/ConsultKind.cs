namespace PouringRain.Protocol.Cluster.Messages;

/// <summary>What one node asks another. A node answers those it does not know with <see cref="ConsultStatus.Unknown"/>.</summary>
internal enum ConsultKind : byte
{
    /// <summary>Whether digests of what both are to hold are the same.</summary>
    Digests = 1,

    /// <summary>What there is in a partition that both are to hold.</summary>
    List = 2,

    /// <summary>What is newest here, and is to be kept where its place is.</summary>
    Tell = 3,

    /// <summary>Who the asker is, and who the answerer.</summary>
    Hello = 4,

    /// <summary>Have this version, and how far is it.</summary>
    Deploy = 5,

    /// <summary>Do this with the pieces of a version, and what is there.</summary>
    Archive = 6,

    /// <summary>What is in a folder.</summary>
    Folder = 7,
}

/// <summary>How a question was taken.</summary>
internal enum ConsultStatus : byte
{
    /// <summary>It is answered.</summary>
    Answered,

    /// <summary>Come again with this token.</summary>
    TokenNeeded,

    /// <summary>The asking address is none that is trusted here.</summary>
    NotTrusted,

    /// <summary>The kind, or the version of these messages, is not known here, or the body is none of it.</summary>
    Unknown,

    /// <summary>What is here has not been read yet.</summary>
    NotReady,

    /// <summary>The members are others here, and so are the places.</summary>
    OtherView,
}

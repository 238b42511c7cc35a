namespace MurkyWaters.Backing;

/// <summary>A back end did not do what it was asked.</summary>
public sealed class BackEndException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="error">Of which kind it is.</param>
    /// <param name="message">What happened, in a sentence without a secret.</param>
    /// <param name="cause">What it came of.</param>
    public BackEndException(BackEndError error, string message, Exception? cause = null)
        : base(message, cause) => Error = error;

    /// <summary>Of which kind it is.</summary>
    public BackEndError Error { get; }

    /// <summary>Whether the next request, whatever it is about, is likely to fail as well.</summary>
    public bool IsOfAll => Error is BackEndError.Denied or BackEndError.Unreachable;
}

/// <summary>Why a back end did not do what it was asked.</summary>
public enum BackEndError
{
    /// <summary>This one request failed, for what it is.</summary>
    Other,

    /// <summary>It does not accept the key, or there is no such bucket: somebody has to change the settings.</summary>
    Denied,

    /// <summary>It does not answer, or says that it cannot serve just now.</summary>
    Unreachable,

    /// <summary>There is no such object.</summary>
    NotFound,
}

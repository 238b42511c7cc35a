namespace MurkyWaters.Engines.Etcd;

/// <summary>etcd has answered, and refused. Another of its servers would say the same.</summary>
/// <param name="code">gRPC's code.</param>
/// <param name="message">What it said.</param>
internal sealed class EtcdException(int code, string message) : Exception(message)
{
    /// <summary>The request is wrong.</summary>
    public const int InvalidArgument = 3;

    /// <summary>There is no such lease.</summary>
    public const int NotFound = 5;

    /// <summary>There is such a lease already.</summary>
    public const int FailedPrecondition = 9;

    /// <summary>The revision asked for is no longer there.</summary>
    public const int OutOfRange = 11;

    /// <summary>The answer was longer than what is taken.</summary>
    public const int TooLong = -1;

    /// <summary>gRPC's code.</summary>
    public int Code { get; } = code;

    /// <summary>Whether a code says that the request was understood and refused; any other may be the server's own trouble.</summary>
    public static bool IsRefusal(int code) => code is InvalidArgument or NotFound or FailedPrecondition or OutOfRange;
}

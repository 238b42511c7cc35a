using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>What the network layer logs; event ids are never used again for something else.</summary>
internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Debug,
        "UDP socket {EndPoint}: receive buffer {Asked} bytes asked, {Got} got, segmentation {IsSegmenting}, coalescing {IsCoalescing}, "
        + "don't fragment {IsUnfragmented}")]
    public static partial void SocketOpened(
        ILogger logger, IPEndPoint endPoint, int asked, int got, bool isSegmenting, bool isCoalescing, bool isUnfragmented);

    [LoggerMessage(2002, LogLevel.Information, "UDP socket {EndPoint}: the system refuses segmented sends ({Error}); sending one by one")]
    public static partial void SegmentationGivenUp(ILogger logger, IPEndPoint endPoint, SocketError error);

    [LoggerMessage(2003, LogLevel.Information, "UDP socket {EndPoint}: {Error}, counted and not logged again")]
    public static partial void SocketError(ILogger logger, IPEndPoint endPoint, SocketError error);

    [LoggerMessage(2004, LogLevel.Error, "A datagram from {Peer} broke an invariant; it is dropped")]
    public static partial void DatagramFailed(ILogger logger, Exception exception, PeerAddress peer);

    [LoggerMessage(
        2005, LogLevel.Error, "The rain server at {EndPoint} broke an invariant; it starts again with an empty subscriber table")]
    public static partial void ServerFailed(ILogger logger, Exception exception, IPEndPoint endPoint);

    [LoggerMessage(2006, LogLevel.Error, "A fetch broke an invariant; it is ended")]
    public static partial void FetchFailed(ILogger logger, Exception exception);

    [LoggerMessage(2007, LogLevel.Error, "Block {Block} could not be kept; the fetch is ended")]
    public static partial void BlockNotKept(ILogger logger, Exception exception, int block);

    [LoggerMessage(2008, LogLevel.Error, "The loop of {EndPoint} met an unexpected exception and goes on")]
    public static partial void LoopFailed(ILogger logger, Exception exception, IPEndPoint endPoint);

    [LoggerMessage(2009, LogLevel.Error, "Whoever is told of propagations threw")]
    public static partial void PropagateHandlerFailed(ILogger logger, Exception exception);

    [LoggerMessage(2010, LogLevel.Warning,
        "{Peer} sends to {EndPoint} under another secret and is not answered: give both nodes the same Rain:Secret "
        + "({Count} datagrams dropped so far; told once a minute)")]
    public static partial void DatagramsRefused(ILogger logger, PeerAddress peer, IPEndPoint endPoint, long count);

    [LoggerMessage(2012, LogLevel.Warning,
        "{Peer} sends to {EndPoint} without a seal and is not answered: give that node the Rain:Secret of this one "
        + "({Count} datagrams dropped so far; told once a minute)")]
    public static partial void DatagramsNotSealed(ILogger logger, PeerAddress peer, IPEndPoint endPoint, long count);

    [LoggerMessage(2014, LogLevel.Error, "Asking the other nodes who they are broke; it begins again")]
    public static partial void MembershipFailed(ILogger logger, Exception exception);

    [LoggerMessage(2015, LogLevel.Error, "Replication with the other nodes broke; it begins again")]
    public static partial void ReplicationFailed(ILogger logger, Exception exception);

    [LoggerMessage(2016, LogLevel.Error, "A deployment broke; it begins again")]
    public static partial void DeploymentFailed(ILogger logger, Exception exception);

    [LoggerMessage(2019, LogLevel.Error, "A question about pieces broke")]
    public static partial void ArchiveFailed(ILogger logger, Exception exception);

    [LoggerMessage(2020, LogLevel.Error, "Asking the other nodes about a folder broke")]
    public static partial void FolderFailed(ILogger logger, Exception exception);

    [LoggerMessage(2013, LogLevel.Warning,
        "Version {Version} of {Resource} is not fetched: its manifest is of a later program ({Why})")]
    public static partial void VersionNotUnderstood(ILogger logger, Sha256Digest version, ResourceId resource, ManifestReading why);

    [LoggerMessage(2011, LogLevel.Information,
        "Datagrams of {Bytes} bytes vanish on the way from {Peer}: symbols of {SymbolSize} bytes instead")]
    public static partial void PathIsNarrow(ILogger logger, int bytes, PeerAddress peer, int symbolSize);
}

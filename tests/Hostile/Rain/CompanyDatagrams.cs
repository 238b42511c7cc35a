using PouringRain.Protocol;

namespace Hostile.Rain;

/// <summary>What nodes in company and receivers of a group say, with random numbers in it; a rain server has use for JOIN alone, and group
/// rain for none of these at that port.</summary>
internal static class CompanyDatagrams
{
    public static IReadOnlyList<string> Kinds { get; } = ["join", "have", "peers", "announce", "window", "report", "welcome", "need"];

    /// <returns>The datagram's length.</returns>
    public static int Write(string kind, Span<byte> datagram, ulong resource, Random random)
    {
        var stream = (uint)random.Next();
        var token = (Bits128)(ulong)random.NextInt64();
        switch (kind)
        {
            case "join":
                return new JoinMessage
                {
                    SubscriptionId = stream,
                    Resource = new ResourceId(resource),
                    Token = token,
                    Node = new NodeId(token with { Low = token.Low + 1 }),
                    RainPort = (ushort)random.Next(),
                    HeldCount = (uint)random.Next(),
                    ArrivalsKnown = (uint)random.Next(),
                    WantsPeers = true,
                }.Write(datagram, [random.Next(), random.Next()]);
            case "have":
                datagram[..1200].Clear();
                return new HaveMessage { SubscriptionId = stream }.Write(datagram, bitmapBytes: 64, arrivalCount: 3, suggestedCount: 2);
            case "peers":
                return new PeersMessage { SubscriptionId = stream }.Write(
                    datagram, [PeerAddress.FromIPv4((uint)random.Next(), (ushort)random.Next(1, 65_536))]);
            case "announce":
                return new AnnounceMessage
                {
                    StreamId = stream,
                    Resource = new ResourceId(resource),
                    Offer = new OfferMessage { Length = random.NextInt64(), SymbolSize = 1408, BlockBytes = 1 << 20 },
                    RainPort = 9,
                }.Write(datagram, "raptorq");
            case "window":
                return new WindowMessage { StreamId = stream, Round = 1 }.Write(datagram, [new WindowEntry((uint)random.Next(), 1, 2)]);
            case "report":
                return new ReportMessage
                {
                    StreamId = stream,
                    Identity = new NodeId(token with { Low = token.Low + 1 }),
                    Token = token.Low & 1,
                    State = 3,
                }.Write(datagram);
            case "welcome":
                return new WelcomeMessage { StreamId = stream, IsNoted = true, Token = token }.Write(datagram);
            default:
                return new NeedMessage { StreamId = stream, Round = 1, Token = token }.Write(
                    datagram, [new NeedEntry((uint)random.Next(), 65_536, 0xFF_FFFF)]);
        }
    }
}

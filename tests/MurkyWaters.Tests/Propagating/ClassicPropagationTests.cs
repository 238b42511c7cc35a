using System.Net;
using System.Net.Sockets;
using MurkyWaters.Tests.Fetching;
using PouringRain.Protocol;
using PouringRain.Protocol.Classic;

namespace MurkyWaters.Tests.Propagating;

/// <summary>PROPAGATE of format 1, to and from nodes of 2012.</summary>
public class ClassicPropagationTests
{
    private static readonly PeerAddress Listed = PeerAddress.FromIPv4(0x7F00_0001, 9);
    private static readonly PeerAddress Asking = PeerAddress.FromIPv4(0x7F00_0001, 10);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatIsPutIsToldOnceToThoseWhoAreAnswered()
    {
        await using var fixture = await StartAsync();
        await SharedFetchTests.PutAsync(fixture.Node, new byte[ClassicFormat.LengthMax + 1], 1);
        await SharedFetchTests.PutAsync(fixture.Node, new byte[ClassicFormat.LengthMax], 2);
        await fixture.Node.PropagateAsync(new ResourceId(2), 1, TimeSpan.FromMinutes(1), Cancellation);
        await SharedFetchTests.PutAsync(fixture.Node, [3], 3);
        await FetchFixture.EventuallyAsync(() => fixture.Rain.ClassicPropagations.Any(told => told.Id.Value == 3), "the last one is told");

        var port = (ushort)fixture.Node.ListenEndPoints[0].Port;
        Assert.Equal([(new ResourceId(2), port, Listed), (new ResourceId(3), port, Listed)], fixture.Rain.ClassicPropagations);
        fixture.Node.TellClassicNodes(new ResourceId(2));
        await FetchFixture.EventuallyAsync(() => fixture.Rain.ClassicPropagations.Count == 3, "it is told again");
    }

    /// <summary>What was fetched for readers may be evicted, and who has it propagated wants it to stay.</summary>
    [Fact]
    public async Task WhatIsPropagatedIsKeptFromThenOn()
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = Bytes.Random(2500, 1);
        fixture.Offer(bytes, 1, fixture.Servers[0]);
        Assert.Equal(bytes, await fixture.ReadAllAsync());
        await FetchFixture.EventuallyAsync(
            () => fixture.Node.Find(FetchFixture.Id) is { Retention: Retention.Cached }, "what was read is cached");

        await fixture.Node.PropagateAsync(FetchFixture.Id, 1, TimeSpan.FromMinutes(1), Cancellation);

        Assert.Equal(Retention.Kept, fixture.Node.Find(FetchFixture.Id)!.Retention);
    }

    [Fact]
    public async Task WithASecretNobodyOf2012IsTold()
    {
        await using var fixture = await StartAsync(options => options with { Secret = new byte[16] });
        await SharedFetchTests.PutAsync(fixture.Node, [3], 3);

        fixture.Node.TellClassicNodes(new ResourceId(3));

        Assert.Empty(fixture.Rain.ClassicPropagations);
    }

    [Fact]
    public async Task ANodeThatAsksWhileAFetchDoesNotKnowItIsAskedAfterwards()
    {
        await using var fixture = await StartAsync();
        var bytes = fixture.Rain.Classic[Asking] = Bytes.Random(2500, 1);
        var gate = new TaskCompletionSource();
        fixture.Rain.ClassicMayAnswer = gate.Task;
        var opening = fixture.OpenAsync();
        await FetchFixture.EventuallyAsync(() => fixture.Rain.ClassicQuestionCount > 0, "those of the list are asked");

        Propagate(fixture, Asking.Port);
        await FetchFixture.EventuallyAsync(() => fixture.Node.Servers.Any(server => server.Endpoint == Asking.ToString()), "it is heard");
        gate.SetResult();

        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");
        Assert.Equal(Retention.Kept, fixture.Node.Find(FetchFixture.Id)!.Retention);
        Assert.Equal(bytes, await fixture.ReadAllAsync(OpenSource.LocalOnly));
        await ((await opening).Reader?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    [Fact]
    public async Task OfTwoNodesThatAskForTheSameTheOneThatHasItIsEnough()
    {
        await using var fixture = await StartAsync();
        fixture.Rain.Classic[Asking] = Bytes.Random(2500, 1);

        Propagate(fixture, 11);
        Propagate(fixture, Asking.Port);

        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");
    }

    [Fact]
    public async Task WhatIsAskedForIsKeptThoughNothingIsShared()
    {
        await using var fixture = await StartAsync(options => options with { ShareContent = false, AutoAddPeers = false });
        fixture.Rain.Classic[Asking] = Bytes.Random(2500, 1);

        Propagate(fixture, Asking.Port);

        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");
        Assert.Equal(["127.0.0.1:9", "10.0.0.1:9"], fixture.Node.Servers.Select(server => server.Endpoint));
    }

    private static void Propagate(FetchFixture fixture, ushort rainPort)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var message = new byte[ClassicFormat.PropagateBytes];
        ClassicFormat.Write(new ClassicMessage(ClassicMessageType.Propagate, FetchFixture.Id, rainPort), message);
        socket.SendTo(message, fixture.Node.ListenEndPoints[0]);
    }

    private static async Task<FetchFixture> StartAsync(Func<MurkyOptions, MurkyOptions>? configure = null)
    {
        var fixture = await FetchFixture.StartAsync();
        await File.WriteAllTextAsync(
            fixture.ServersFile,
            """[{"host": "127.0.0.1", "port": 9, "classic": true}, {"host": "10.0.0.1", "port": 9, "classic": true}]""",
            Cancellation);
        await fixture.RestartAsync(options =>
        {
            var listening = options with
            {
                Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
                ClassicAllow = [IPNetwork.Parse("127.0.0.0/8")],
            };
            return configure?.Invoke(listening) ?? listening;
        });
        return fixture;
    }
}

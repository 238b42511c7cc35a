using System.Net;
using Gateway.Access;

namespace Gateway.Tests.Access;

public sealed class KeyGuessesTests
{
    private const string Key = "rain-or-shine-0123456789";
    private readonly SetClock _clock = new();
    private readonly KeyGuesses _guesses;

    public KeyGuessesTests() => _guesses = new KeyGuesses(_clock);

    [Fact]
    public void An_address_is_wrong_some_times_in_a_row_and_once_a_second_after_that()
    {
        var address = IPAddress.Parse("192.0.2.1");
        for (var i = 0; i < KeyGuesses.CountMax; i++)
        {
            Assert.Null(_guesses.WaitOf(address));
            _guesses.NoteWrong(address);
        }

        Assert.Equal(TimeSpan.FromSeconds(1), _guesses.WaitOf(address));
        Assert.Equal(TimeSpan.FromSeconds(1), _guesses.WaitOf(IPAddress.Parse("::ffff:192.0.2.1")));
        Assert.Null(_guesses.WaitOf(IPAddress.Parse("192.0.2.2")));
        _clock.Seconds += 1;
        Assert.Null(_guesses.WaitOf(address));
        _guesses.NoteWrong(address);
        Assert.NotNull(_guesses.WaitOf(address));
        _clock.Seconds += KeyGuesses.CountMax;
        for (var i = 0; i < KeyGuesses.CountMax; i++)
        {
            Assert.Null(_guesses.WaitOf(address));
            _guesses.NoteWrong(address);
        }

        Assert.NotNull(_guesses.WaitOf(address));
    }

    [Fact]
    public void Addresses_of_a_network_are_one_in_version_6()
    {
        for (var i = 0; i < KeyGuesses.CountMax; i++)
        {
            _guesses.NoteWrong(IPAddress.Parse($"2001:db8:0:1::{i + 1:x}"));
        }

        Assert.NotNull(_guesses.WaitOf(IPAddress.Parse("2001:db8:0:1:ffff::1")));
        Assert.Null(_guesses.WaitOf(IPAddress.Parse("2001:db8:0:2::1")));
        Assert.Equal(1, _guesses.AddressCount);
    }

    [Fact]
    public void Few_addresses_are_remembered_and_the_worst_of_them_longest()
    {
        var worst = IPAddress.Parse("192.0.2.1");
        for (var i = 0; i < KeyGuesses.CountMax; i++)
        {
            _guesses.NoteWrong(worst);
        }

        for (var i = 0; i < 12_000; i++)
        {
            _guesses.NoteWrong(new IPAddress(i + 1));
        }

        Assert.InRange(_guesses.AddressCount, 1, 10_000);
        Assert.NotNull(_guesses.WaitOf(worst));
    }

    [Fact]
    public async Task Whoever_guesses_is_put_off_and_others_behind_the_same_address_go_on()
    {
        await using var gateway = await TestGateway.StartAsync($"Gateway:Keys={Key}", "Gateway:ProtectReads=true");
        await using var honest = await RawHttp.ConnectAsync(gateway);
        Assert.Equal(200, await AskAsync(honest, Key));
        await using var guesser = await RawHttp.ConnectAsync(gateway);
        var statuses = new List<int>();
        for (var i = 0; i < 200; i++)
        {
            statuses.Add(await AskAsync(guesser, $"a guess among many, {i}"));
        }

        // A second may have passed now and then.
        Assert.All(statuses.Take(KeyGuesses.CountMax), status => Assert.Equal(401, status));
        Assert.Contains(429, statuses);
        var refused = await gateway.GetAsync("/resources", ("Authorization", $"Bearer {Key} or not"));
        while (refused.Status == 401)
        {
            refused = await gateway.GetAsync("/resources", ("Authorization", $"Bearer {Key} or not"));
        }

        Assert.Equal((429, "too-many-requests", "1"), (refused.Status, refused.Problem, refused["Retry-After"]));
        Assert.Equal(200, await AskAsync(honest, Key));

        // Who has no key at all is told as ever that one is needed; and the wait ends by itself.
        Assert.Equal(401, (await gateway.GetAsync("/resources")).Status);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while ((await gateway.GetAsync("/resources", ("Authorization", $"Bearer {Key}"))).Status != 200)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), "the right key was never looked at again");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_wrong_key_ends_what_a_right_one_has_won_for_its_connection()
    {
        await using var gateway = await TestGateway.StartAsync($"Gateway:Keys={Key}", "Gateway:ProtectReads=true");
        await using var connection = await RawHttp.ConnectAsync(gateway);
        Assert.Equal(200, await AskAsync(connection, Key));
        var statuses = new List<int>();
        for (var i = 0; i < 200; i++)
        {
            statuses.Add(await AskAsync(connection, $"a guess among many, {i}"));
        }

        Assert.Contains(429, statuses);
    }

    private static async Task<int> AskAsync(RawHttp connection, string key)
    {
        await connection.SendAsync($"GET /resources HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n");
        return (await connection.ReceiveAsync()).Status;
    }

    private sealed class SetClock : TimeProvider
    {
        public long Seconds { get; set; } = 1000;

        public override long TimestampFrequency => 7;

        public override long GetTimestamp() => 7 * Seconds;
    }
}

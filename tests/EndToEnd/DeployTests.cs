using System.Net;
using System.Security.Cryptography;
using OldBroadband;

namespace EndToEnd;

/// <summary>One image to many, by the command line alone: real processes, real multicast, on the loopback interface. Rates are a
/// fraction of what the machine can, since all of them share it.</summary>
[Collection(nameof(Alone))]
public class DeployTests
{
    private const int ImageBytes = 24_000_001;

    [Fact]
    public async Task Four_receivers_of_all_kinds_have_the_image()
    {
        using var folder = new TestFolder();
        var digest = await WriteImageAsync(folder["image"]);
        var group = DeployProcess.NewGroup();
        await File.WriteAllTextAsync(folder["b"], "What was there before.", TestContext.Current.CancellationToken);
        using var a = Receive(folder["a"], group);
        using var b = Receive(folder["b"], group);
        using var piped = Tool.Start("bash", "-c", $"dotnet {Quoted(GatewayProcess.ProgramPath)} --receive {string.Join(' ', group)} "
            + "--write - | sha256sum");
        using var slow = Tool.Start("bash", "-c", $"dotnet {Quoted(GatewayProcess.ProgramPath)} --receive {string.Join(' ', group)} "
            + "--write - | (sleep 4; sha256sum)");
        using var sender = Send(folder["image"], group, "--rate", "100M", "--wait", "4,2m");

        Assert.True(await sender.EndAsync() == 0, sender.Errors);
        Assert.Contains("4 of 4 receivers have all", sender.Errors, StringComparison.Ordinal);
        Assert.True(await a.EndAsync() == 0, a.Errors);
        Assert.True(await b.EndAsync() == 0, b.Errors);
        Assert.Equal(digest, await DigestAsync(folder["a"]));
        Assert.Equal(digest, await DigestAsync(folder["b"]));
        Assert.StartsWith(digest, (await piped.WaitAsync()).Succeeded(), StringComparison.Ordinal);
        Assert.StartsWith(digest, (await slow.WaitAsync()).Succeeded(), StringComparison.Ordinal);
        Assert.Equal(["a", "b", "image"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task One_that_was_killed_goes_on_and_one_comes_late()
    {
        using var folder = new TestFolder();
        var digest = await WriteImageAsync(folder["image"]);
        var group = DeployProcess.NewGroup();
        var a = Receive(folder["a"], [.. group, "--json"]);
        using var sender = Send(folder["image"], group, "--rate", "30M", "--wait", "1,2m");
        using (a)
        {
            await a.WaitForBytesAsync(ImageBytes / 3);
            await a.KillAsync("-KILL");
        }

        Assert.False(File.Exists(folder["a"]));
        using var again = Receive(folder["a"], group);
        using var late = Receive(folder["late"], group);
        Assert.True(await sender.EndAsync() == 0, sender.Errors);
        Assert.True(await again.EndAsync() == 0, again.Errors);
        Assert.True(await late.EndAsync() == 0, late.Errors);
        Assert.Contains("blocks are there already, and verified", again.Errors, StringComparison.Ordinal);
        Assert.Equal(digest, await DigestAsync(folder["a"]));
        Assert.Equal(digest, await DigestAsync(folder["late"]));
    }

    [Fact]
    public async Task The_receipt_is_sent_when_the_file_has_its_name()
    {
        using var folder = new TestFolder();
        await WriteImageAsync(folder["image"]);
        var group = DeployProcess.NewGroup();
        using var good = Receive(folder["good"], group);
        using var nameless = Receive(folder["nameless"], [.. group, "--json"]);
        using var sender = Send(folder["image"], group, "--rate", "60M", "--wait", "2,2m");
        await nameless.WaitForBytesAsync(ImageBytes / 3);
        Directory.CreateDirectory(folder["nameless"]);

        Assert.True(await sender.EndAsync() == 1, sender.Errors);
        Assert.True(File.Exists(folder["good"]), "the sender has a receipt for what is not there");
        Assert.Contains("it cannot write where it was told to", sender.Errors, StringComparison.Ordinal);
        Assert.True(await good.EndAsync() == 0, good.Errors);
        Assert.NotEqual(0, await nameless.EndAsync());
        Assert.True(File.Exists(folder["nameless.raining"]), "what was received is gone");
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(3, 3)]
    public async Task Who_fails_is_named_and_the_quorum_says_whether_it_is_enough(int quorum, int exitCode)
    {
        using var folder = new TestFolder();
        var digest = await WriteImageAsync(folder["image"]);
        var group = DeployProcess.NewGroup();

        // No file may become longer than 10 MiB.
        using var full = Tool.Start(
            "bash", "-c", $"ulimit -f 10240; exec dotnet {Quoted(GatewayProcess.ProgramPath)} --receive {string.Join(' ', group)} "
                + $"--write {Quoted(folder["full"])}");
        using var good = Receive(folder["good"], group);
        using var other = Receive(folder["other"], group);
        using var killed = Receive(folder["killed"], [.. group, "--json"]);
        using var sender = Send(folder["image"], group, "--rate", "60M", "--wait", "5,2m", "--quorum", $"{quorum}");
        await sender.WaitForAsync("waiting for receivers");
        using var unwritable = Receive("/proc/self/image", group);
        await killed.WaitForBytesAsync(ImageBytes / 3);
        await killed.KillAsync("-KILL");

        Assert.True(await sender.EndAsync() == exitCode, sender.Errors);
        Assert.Contains("it cannot write where it was told to", sender.Errors, StringComparison.Ordinal);
        Assert.Contains("its disk is full", sender.Errors, StringComparison.Ordinal);
        Assert.Contains("nothing is heard of it any more", sender.Errors, StringComparison.Ordinal);
        Assert.Contains("2 of 5 receivers", sender.Errors, StringComparison.Ordinal);
        Assert.Equal(quorum > 2, sender.Errors.Contains($"; {quorum} were to have it", StringComparison.Ordinal));
        Assert.Equal(1, await unwritable.EndAsync());
        var failed = await full.WaitAsync();
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("File too large", failed.Errors, StringComparison.Ordinal);

        // Nothing of that is seen by the others, and nothing half is under a name that was asked for.
        Assert.True(await good.EndAsync() == 0, good.Errors);
        Assert.True(await other.EndAsync() == 0, other.Errors);
        Assert.Equal(digest, await DigestAsync(folder["good"]));
        Assert.Equal(digest, await DigestAsync(folder["other"]));
        Assert.False(File.Exists(folder["full"]));
        Assert.False(File.Exists(folder["killed"]));
    }

    [Fact]
    public async Task A_pipe_is_kept_in_a_temporary_file_and_a_secret_seals()
    {
        using var folder = new TestFolder();
        var digest = await WriteImageAsync(folder["image"]);
        string[] group = [.. DeployProcess.NewGroup(), "--secret", "0123456789abcdef0123456789abcdef"];
        using var a = Receive(folder["a"], group);
        using var stranger = Receive(folder["stranger"], [.. group[..^1], "another-secret-as-long-as-that"]);
        using var sender = Tool.Start("bash", "-c", $"cat {Quoted(folder["image"])} | TMPDIR={Quoted(folder.Path)} dotnet "
            + $"{Quoted(GatewayProcess.ProgramPath)} --send - {string.Join(' ', group)} --rate 60M --wait 1,2m");
        Assert.Contains("temporary file", (await sender.WaitAsync()).Errors, StringComparison.Ordinal);
        Assert.Equal(0, sender.Process.ExitCode);
        Assert.True(await a.EndAsync() == 0, a.Errors);
        Assert.Equal(digest, await DigestAsync(folder["a"]));
        await stranger.KillAsync("-INT");
        Assert.Equal(130, stranger.Process.ExitCode);
        Assert.Equal(["a", "image"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Ctrl_C_says_what_was_done()
    {
        using var folder = new TestFolder();
        await WriteImageAsync(folder["image"]);
        var group = DeployProcess.NewGroup();
        using var a = Receive(folder["a"], [.. group, "--json"]);
        using var sender = Send(folder["image"], group, "--rate", "10M", "--wait", "1,2m");
        await a.WaitForBytesAsync(1);
        await a.KillAsync("-INT");
        Assert.Equal(130, a.Process.ExitCode);
        Assert.Contains("the next start goes on with it", a.Errors, StringComparison.Ordinal);
        await sender.KillAsync("-INT");
        Assert.Equal(130, sender.Process.ExitCode);
        Assert.Contains("ended: 0 of 1 receivers", sender.Errors, StringComparison.Ordinal);
        Assert.Contains("it was ended", sender.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_arguments_are_told_a_line_each()
    {
        using var folder = new TestFolder();
        var send = await GatewayProcess.RunToEndAsync(
            folder.Path, "--send", folder["nothing"], "--group", "1.2.3.4:5", "--interface", "lo", "--rate", "10Q", "--ttl", "300", "--foo",
            "--wait", "x");
        Assert.Equal(2, send.ExitCode);
        Assert.Equal(6, send.Errors.Trim().Split('\n').Length);
        foreach (var name in new[] { "--send", "--group", "--rate", "--ttl", "--foo", "--wait" })
        {
            Assert.Contains(send.Errors.Split('\n'), line => line.StartsWith(name, StringComparison.Ordinal));
        }

        var receive = await GatewayProcess.RunToEndAsync(
            folder.Path, "--receive", "--group", "232.1.2.3:77", "--interface", "lo", "--secret", "x");
        Assert.Equal(2, receive.ExitCode);
        Assert.Equal(3, receive.Errors.Trim().Split('\n').Length);
        foreach (var name in new[] { "--write", "--source", "--secret" })
        {
            Assert.Contains(receive.Errors.Split('\n'), line => line.StartsWith(name, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_client_of_the_seed_has_the_image_from_us()
    {
        using var folder = new TestFolder();
        await WriteImageAsync(folder["image"]);
        using var limit = new CancellationTokenSource(Tool.HangLimit);
        var client = OldBroadbandSockets.ReceiveAsync(IPAddress.Loopback, 0.01, limit.Token);
        using var sender = DeployProcess.Start(
            "--send", folder["image"], "--broadband", "127.255.255.255", "--rate", "60M", "--wait", "1,2m");
        Assert.Equal(await File.ReadAllBytesAsync(folder["image"], limit.Token), await client);
        Assert.True(await sender.EndAsync() == 0, sender.Errors);
    }

    [Fact]
    public async Task We_have_the_image_from_a_server_of_the_seed()
    {
        using var folder = new TestFolder();
        var digest = await WriteImageAsync(folder["image"]);
        using var stop = new CancellationTokenSource(Tool.HangLimit);
        using var a = DeployProcess.Start("--receive", "--broadband", "127.0.0.1", "--write", folder["a"]);
        await a.WaitForAsync("waiting for the server");
        var server = OldBroadbandSockets.ServeAsync(
            await File.ReadAllBytesAsync(folder["image"], stop.Token), IPAddress.Parse("127.255.255.255"), stop.Token);
        Assert.True(await a.EndAsync() == 0, a.Errors);
        await stop.CancelAsync();
        await server;
        Assert.Equal(digest, await DigestAsync(folder["a"]));
    }

    private static DeployProcess Receive(string path, string[] group) => DeployProcess.Start(["--receive", .. group, "--write", path]);

    private static DeployProcess Send(string path, string[] group, params string[] more) =>
        DeployProcess.Start(["--send", path, .. group, .. more]);

    private static string Quoted(string text) => $"'{text}'";

    private static async Task<string> WriteImageAsync(string path)
    {
        var image = new byte[ImageBytes];
        new Random(77).NextBytes(image);
        await File.WriteAllBytesAsync(path, image);
        return Convert.ToHexStringLower(SHA256.HashData(image));
    }

    private static async Task<string> DigestAsync(string path)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
    }
}

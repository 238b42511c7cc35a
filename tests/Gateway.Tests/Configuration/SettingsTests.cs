using System.Net;
using System.Net.Sockets;
using Gateway.Configuration;
using Microsoft.Extensions.Configuration;

namespace Gateway.Tests.Configuration;

public sealed class SettingsTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public SettingsTests() => File.WriteAllText(_folder["servers.json"], "[]");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Defaults_are_those_of_the_contract()
    {
        var settings = Load().Settings;
        var unset = new GatewaySettings(new SettingsReader(new ConfigurationBuilder().Build(), _folder.Path, []));
        Assert.Equal(["127.0.0.1:1980", "127.0.0.1:1981", "127.0.0.1:1982"], unset.Rain.Listen.Select(endPoint => endPoint.ToString()));
        Assert.Equal(["http://localhost:8080"], unset.Urls);
        Assert.Equal(1408, settings.Rain.SymbolSize);
        Assert.Equal((0, 1_048_576), (settings.Rain.BlockSize, settings.Rain.LargestBlockSize));
        Assert.Equal(TimeSpan.FromSeconds(2), settings.Rain.DiscoveryTimeout);
        Assert.Equal(TimeSpan.FromSeconds(10), settings.Rain.StallTimeout);
        Assert.Equal(10_000, settings.Rain.SubscriberCountMax);
        Assert.Equal(0, settings.Rain.RateBytesPerSecondMax);
        Assert.False(settings.Rain.AllowUnsealed);
        Assert.Equal(
            (false, true, true), (settings.Behaviour.PropagateOnStartup, settings.Behaviour.AutoAddPeers, settings.Behaviour.ShareContent));
        Assert.Equal(TimeSpan.FromDays(1), settings.Gateway.PendingUploadLifetime);
        Assert.Empty(settings.Gateway.KeyDigests);
    }

    [Theory]
    [ClassData(typeof(WrongSettings))]
    public void A_wrong_value_is_one_line_that_names_the_setting(string name, string value)
    {
        var mistake = Assert.Single(Load($"--{name}={value}").Mistakes);
        var line = mistake.ReplaceLineEndings(" ");

        // A list of addresses tells of the one that is wrong, and of names that are unknown the nearest is told.
        Assert.Contains(name.Split(':')[0], line, StringComparison.Ordinal);
        Assert.InRange(line.Length, 20, 400);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
        if (KnownSettings.All.FirstOrDefault(setting => setting.Name == name) is not { } known)
        {
            return;
        }

        Assert.Contains(name, line, StringComparison.Ordinal);
        Assert.Contains(known.IsSecret ? "…" : value.Trim(), line, StringComparison.Ordinal);
        Assert.Equal(known.IsSecret, !line.Contains($"\"{value.Trim()}\"", StringComparison.Ordinal));
        Assert.Contains("is wanted", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_is_among_the_wrong_ones()
    {
        var tried = new WrongSettings().Select(row => row.Data.Item1).ToHashSet();
        Assert.All(KnownSettings.All, setting => Assert.Contains(setting.Name, tried));
    }

    [Theory]
    [InlineData("--Rain:Listen")]
    [InlineData("--Rain:Listen", "--Store:QuotaBytes=1")]
    [InlineData("Listen")]
    [InlineData("-x")]
    [InlineData("-x=1")]
    [InlineData("--help-me")]
    public void An_argument_that_would_be_passed_over_is_told(params string[] arguments) =>
        Assert.Contains(arguments[0].Split('=')[0].TrimStart('-'), Assert.Single(Load(arguments).Mistakes), StringComparison.Ordinal);

    [Theory]
    [InlineData("Rain:Listen", "[::1]:0")]
    [InlineData("Rain:Listen", "localhost:0")]
    [InlineData("Rain:Listen", " 127.0.0.1:0 , [::1]:0 ")]
    [InlineData("Rain:DiscoverySeconds", "0.25")]
    [InlineData("Rain:Classic:Allow", "10.0.0.0/8,fd00::/8")]
    [InlineData("Rain:Faults", "loss=0.1,duplicate=0.2,reorder=0.3,seed=4")]
    [InlineData("Urls", "http://127.0.0.1:0;http://[::1]:0")]
    [InlineData("Urls", "http://*:0")]
    [InlineData("Rain:Code", "")]
    [InlineData("Rain:StallSeconds", "500ms")]
    [InlineData("Rain:BlockSize", "64 KiB")]
    [InlineData("Rain:MaxRateBytesPerSecond", "3MB/s")]
    [InlineData("Rain:MaxRateBytesPerSecond", "3 MB /s")]
    [InlineData("Rain:MaxRateBytesPerSecond", "3MB")]
    [InlineData("Gateway:PendingUploadSeconds", "365d")]
    public void A_right_value_is_taken(string name, string value) => Assert.Empty(Load($"--{name}={value}").Mistakes);

    [Fact]
    public void Sizes_durations_and_rates_take_units()
    {
        var settings = Load(
            "--Store:QuotaBytes=10GB", "--Gateway:MaxBodyBytes=1.5GiB", "--Rain:StallSeconds=500ms", "--Rain:DiscoverySeconds=2",
            "--Rain:MaxRateBytesPerSecond=3MB/s", "--Rain:BlockSize=65536").Settings;
        Assert.Equal(10_000_000_000, settings.Store.QuotaBytes);
        Assert.Equal(1_610_612_736, settings.Gateway.MaxBodyBytes);
        Assert.Equal(TimeSpan.FromMilliseconds(500), settings.Rain.StallTimeout);
        Assert.Equal(TimeSpan.FromSeconds(2), settings.Rain.DiscoveryTimeout);
        Assert.Equal(3_000_000, settings.Rain.RateBytesPerSecondMax);
        Assert.Equal(65_536, settings.Rain.BlockSize);
    }

    [Fact]
    public void What_is_wanted_is_told_with_an_example_that_is_right()
    {
        Assert.Equal(
            ["Rain:StallSeconds = \"10x\": a duration from 100ms to 1h (seconds, or with a unit: ms, s, m, h, d) is wanted, like 90s."],
            Load("--Rain:StallSeconds=10x").Mistakes);
        Assert.Equal(
            ["Store:QuotaBytes = \"10G\": a size (bytes, or with a unit as KB or KiB), 0 for none, is wanted, like 10GB."],
            Load("--Store:QuotaBytes=10G").Mistakes);
        Assert.All(
            KnownSettings.All, setting => Assert.True(setting.Example.Length == 0 || setting.IsRight(setting.Example), setting.Name));
    }

    [Fact]
    public void All_mistakes_are_told_at_once()
    {
        var mistakes = Load(
            "--Rain:SymbolSize=x", "--Rain:Listn=1", "--Raim:Listen=1", $"--Store:Path={_folder["servers.json"]}/below").Mistakes;
        Assert.Equal(4, mistakes.Count);
        Assert.Single(mistakes, mistake => mistake.StartsWith("Rain:SymbolSize", StringComparison.Ordinal));
        Assert.Single(
            mistakes, mistake => mistake.Contains("Rain:Listn", StringComparison.Ordinal)
            && mistake.Contains("Rain:Listen is the nearest", StringComparison.Ordinal));
        Assert.Single(mistakes, mistake => mistake.Contains("--Raim", StringComparison.Ordinal));
        Assert.Single(mistakes, mistake => mistake.StartsWith("Store:Path", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{ \"Rain\": { \"SymbolSize\": 20 }\n, oops }", "line 2")]
    [InlineData("[]", "appsettings.json")]
    [InlineData("{ \"Rain\": 1, \"Rain\": 2 }", "appsettings.json")]
    [InlineData("", "appsettings.json")]
    [InlineData("{ \"Rian\": { \"SymbolSize\": 20 } }", "Rain is the nearest")]
    [InlineData("{ \"Rain\": 5 }", "Rain = \"5\"")]
    [InlineData("{ \"Rain\": { \"Listen\": [\"127.0.0.1:0\", \"127.0.0.1:0\"] } }", "as one text")]
    [InlineData("{ \"Urls\": [\"http://127.0.0.1:0\"] }", "as one text")]
    public void A_settings_file_that_cannot_be_read_is_one_line_with_its_place(string json, string named)
    {
        File.WriteAllText(_folder["appsettings.json"], json);
        Assert.Contains(named, Assert.Single(Load().Mistakes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_in_place_of_a_settings_file_is_told()
    {
        Directory.CreateDirectory(_folder["appsettings.json"]);
        Assert.Contains("a file is wanted", Assert.Single(Load().Mistakes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_settings_file_may_have_comments_and_gives_way_to_arguments()
    {
        File.WriteAllText(
            _folder["appsettings.json"], "// comment\n{ \"Rain\": { \"SymbolSize\": 512, /* here too */ \"BlockSize\": 65536 } }");
        var loaded = Load("--Rain:BlockSize=131072");
        Assert.Empty(loaded.Mistakes);
        Assert.Equal(512, loaded.Settings.Rain.SymbolSize);
        Assert.Equal(131_072, loaded.Settings.Rain.BlockSize);
        Assert.Equal([_folder["appsettings.json"]], loaded.FilesRead);
    }

    [Theory]
    [InlineData("0.0.0.0:0")]
    [InlineData("127.0.0.1:0,[::]:0")]
    public void Unsealed_rain_stays_on_loopback_unless_permitted(string listen)
    {
        var mistake = Assert.Single(Load($"--Rain:Listen={listen}").Mistakes);
        Assert.Contains("Rain:AllowUnsealed", mistake, StringComparison.Ordinal);
        Assert.Empty(Load($"--Rain:Listen={listen}", "--Rain:AllowUnsealed=true").Mistakes);
    }

    [Fact]
    public void A_secret_seals_what_is_beyond_loopback()
    {
        var loaded = Load(
            "--Rain:Secret=0123456789abcdef", "--Rain:SecretsAccepted=0123456789abcdeg, 0123456789abcdeh", "--Rain:Listen=0.0.0.0:0");
        Assert.Empty(loaded.Mistakes);
        Assert.Equal("0123456789abcdef", loaded.Settings.Rain.Secret);
        Assert.Equal(["0123456789abcdeg", "0123456789abcdeh"], loaded.Settings.Rain.SecretsAccepted);
    }

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("0.0.0.0:0")]
    public void Keys_and_an_unsealed_rain_do_not_go_together(string listen)
    {
        string[] keys = [$"--Rain:Listen={listen}", "--Gateway:Keys=0123456789abcdef"];
        var mistake = Assert.Single(Load([.. keys, "--Rain:AllowUnsealed=true"]).Mistakes);
        Assert.StartsWith("Rain:AllowUnsealed = ", mistake, StringComparison.Ordinal);
        Assert.Contains("Rain:Secret", mistake, StringComparison.Ordinal);
        Assert.Empty(Load([.. keys, "--Rain:AllowUnsealed=true", "--Rain:Secret=0123456789abcdef"]).Mistakes);
        Assert.Equal(listen.StartsWith("127", StringComparison.Ordinal) ? 0 : 1, Load(keys).Mistakes.Count);
    }

    [Fact]
    public void What_is_read_by_keys_alone_is_not_rained_in_the_old_format()
    {
        string[] classic = ["--Gateway:Keys=0123456789abcdef", "--Rain:Classic:Allow=10.0.0.0/8"];
        Assert.Empty(Load(classic).Mistakes);
        Assert.StartsWith(
            "Rain:Classic:Allow", Assert.Single(Load([.. classic, "--Gateway:ProtectReads=true"]).Mistakes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--Rain:Secret=hush")]
    [InlineData("--Rain:Secret=hush, says a text with a comma")]
    [InlineData("--Rain:Secret=hush", "--Rain:Listen=0.0.0.0:0")]
    [InlineData("--Rain:SecretsAccepted=hush", "--Rain:Secret=0123456789abcdef")]
    [InlineData("--Rain:SecretsAccepted=hush, says nobody")]
    [InlineData("--Rain:Secrets=hush, says somebody")]
    [InlineData("--Rain:Secret=0123456789abcdef", "--Rain:SecretAccepted=hush, says nobody here")]
    public void A_wrong_secret_is_told_and_not_shown(params string[] arguments)
    {
        var mistake = Assert.Single(Load(arguments).Mistakes);
        Assert.StartsWith("Rain:Secret", mistake, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void The_old_format_goes_with_no_secret() =>
        Assert.StartsWith(
            "Rain:Classic:Allow", Assert.Single(Load("--Rain:Secret=0123456789abcdef", "--Rain:Classic:Allow=10.0.0.0/8").Mistakes),
            StringComparison.Ordinal);

    [Fact]
    public void Accepted_secrets_without_one_to_send_with_are_told() =>
        Assert.StartsWith(
            "Rain:SecretsAccepted", Assert.Single(Load("--Rain:SecretsAccepted=0123456789abcdef").Mistakes), StringComparison.Ordinal);

    [Fact]
    public void Settings_that_do_not_fit_each_other_are_told()
    {
        Assert.StartsWith("Rain:BlockSize", Assert.Single(Load("--Rain:BlockSize=1000").Mistakes), StringComparison.Ordinal);
        Assert.StartsWith("Rain:BlockSize", Assert.Single(Load("--Rain:BlockSize=65537").Mistakes), StringComparison.Ordinal);
        Assert.Empty(Load("--Rain:BlockSize=65538").Mistakes);
        Assert.StartsWith(
            "Rain:BlockSize", Assert.Single(Load("--Rain:SymbolSize=16", "--Rain:BlockSize=1MiB").Mistakes), StringComparison.Ordinal);
        Assert.StartsWith("Gateway:ProtectReads", Assert.Single(Load("--Gateway:ProtectReads=true").Mistakes), StringComparison.Ordinal);
        Assert.StartsWith("Serilog: ", Assert.Single(Load("--Serilog:MinimumLevel:Default=Loud").Mistakes), StringComparison.Ordinal);
        Assert.StartsWith("Urls", Assert.Single(Load("--Urls=https://localhost:0").Mistakes), StringComparison.Ordinal);
    }

    [Fact]
    public void Addresses_that_exclude_each_other_are_told()
    {
        var port = TestGateway.FreePorts(1)[0];
        Assert.Contains(
            "twice here", Assert.Single(Load($"--Rain:Listen=127.0.0.1:{port},0.0.0.0:{port}", "--Rain:AllowUnsealed=true").Mistakes),
            StringComparison.Ordinal);
        Assert.Contains(
            "twice here", Assert.Single(Load($"--Urls=http://127.0.0.1:{port};http://localhost:{port}").Mistakes),
            StringComparison.Ordinal);
        Assert.StartsWith("Urls", Assert.Single(Load("--Urls=http://8.8.8.8:0").Mistakes), StringComparison.Ordinal);
        Assert.StartsWith("Urls", Assert.Single(Load("--Urls=http://unix:/nowhere/socket").Mistakes), StringComparison.Ordinal);
    }

    [Fact]
    public void Taken_ports_are_told()
    {
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        tcp.Listen();
        var mistakes = Load($"--Rain:Listen={udp.LocalEndPoint}", $"--Urls=http://{tcp.LocalEndPoint}").Mistakes;
        Assert.Equal(2, mistakes.Count);
        Assert.Contains($"the UDP port {((IPEndPoint)udp.LocalEndPoint!).Port} is taken", mistakes[0], StringComparison.Ordinal);
        Assert.Contains($"the TCP port {((IPEndPoint)tcp.LocalEndPoint!).Port} is taken", mistakes[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[{\"host\": \"a\", \"prot\": 1}]", "prot")]
    [InlineData("[{\"host\": \"a b\", \"port\": 1}]", "entry 1")]
    [InlineData("{}", "an array")]
    [InlineData("[{\"host\": \"a\", \"port\": 1}, {\"host\": \"b\"}]", "entry 2")]
    [InlineData("[{\"host\": \"a\", \"port\": 70000}]", "entry 1")]
    [InlineData("[{\"host\": 5, \"port\": 1}]", "entry 1")]
    [InlineData("[\n{]", "line 2")]
    public void A_servers_file_that_is_wrong_is_told_with_its_place(string json, string named)
    {
        File.WriteAllText(_folder["servers.json"], json);
        var mistake = Assert.Single(Load().Mistakes);
        Assert.Contains("servers.json", mistake, StringComparison.Ordinal);
        Assert.Contains(named, mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void A_servers_file_that_is_missing_is_told() =>
        Assert.StartsWith("Rain:Servers", Assert.Single(Load("--Rain:Servers=/nowhere/servers.json").Mistakes), StringComparison.Ordinal);

    /// <summary>Loads with harmless values for whatever is not under test.</summary>
    private LoadedSettings Load(params string[] args)
    {
        string[] harmless = ["--Urls=http://127.0.0.1:0", "--Rain:Listen=127.0.0.1:0", $"--Rain:Servers={_folder["servers.json"]}",
            $"--Store:Path={_folder["data"]}"];
        return SettingsLoader.Load(
            [$"--contentRoot={_folder.Path}", .. harmless.Where(one => !args.Any(other => other.Split('=')[0] == one.Split('=')[0])),
                .. args]);
    }
}

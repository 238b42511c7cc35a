using System.Text;
using Gateway.Configuration;

namespace Gateway.Tests.Configuration;

/// <summary>What a running gateway takes of settings that were edited, cut or lost. Nothing opens but by being said.</summary>
public sealed class LoadAgainTests : IDisposable
{
    private const string Protected =
        """
        {
          "Gateway": {
            "Keys": "rain-or-shine-0123456789", "ProtectReads": true, "MaxBodyBytes": "1MB", "MaxRequestsPerSecond": 9,
            "MaxConcurrentRequests": 8, "ReplicaSeconds": 7
          },
          "Kestrel": { "EndpointDefaults": { "ClientCertificateMode": "RequireCertificate" } }
        }
        """;

    private readonly TestFolder _folder = new();

    public LoadAgainTests()
    {
        File.WriteAllText(_folder["servers.json"], "[]");
        File.WriteAllText(_folder["appsettings.json"], Protected);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null, "the file is gone")]
    [InlineData("", "line 1 is not valid JSON")]
    [InlineData("{ \"Gateway\": { \"Keys\": \"\"", "line 1 is not valid JSON")]
    [InlineData("[]", "appsettings.json: ")]
    [InlineData("{ \"Gateway\": { \"Keys\": \",\" } }", "Gateway:Keys")]
    [InlineData("{ \"Gateway\": { \"Keys\": \" \" } }", "Gateway:Keys")]
    [InlineData("{ \"Gateway\": { \"Keys\": \"k\" } }", "Gateway:Keys")]
    [InlineData("{ \"Gateway\": { \"Keys\": \"\" } }", "Gateway:ProtectReads")]
    public void A_file_that_is_gone_or_wrong_is_refused(string? text, string named) =>
        Assert.Contains(named, Assert.Single(LoadAgain(Load(), text).Mistakes), StringComparison.Ordinal);

    [Fact]
    public void A_folder_in_its_place_is_refused()
    {
        var before = Load();
        File.Delete(_folder["appsettings.json"]);
        Directory.CreateDirectory(_folder["appsettings.json"]);
        var mistakes = SettingsLoader.LoadAgain(before, SettingsLoader.ReadFiles(before.ContentRoot, before.EnvironmentName)).Mistakes;
        Assert.Contains("this is a folder", Assert.Single(mistakes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{ \"Gateway\": {} }")]
    [InlineData("{ \"Gateway\": null }")]
    [InlineData("{ \"Gateway\": { \"Keys\": null, \"ProtectReads\": null, \"MaxBodyBytes\": {} } }")]
    [InlineData("{ \"Rain\": { \"Background\": true } }")]
    public void What_protects_stays_when_it_is_left_out(string text)
    {
        var read = LoadAgain(Load(), text);
        Assert.Empty(read.Mistakes);
        var gateway = read.Settings.Gateway;
        Assert.Single(gateway.KeyDigests);
        Assert.Equal(
            (true, 1_000_000, 9, 8),
            (gateway.ProtectReads, gateway.MaxBodyBytes, gateway.MaxRequestsPerSecond, gateway.MaxConcurrentRequests));
        Assert.Equal("RequireCertificate", read.Configuration["Kestrel:EndpointDefaults:ClientCertificateMode"]);
        Assert.Equal(
            ["Gateway:Keys", "Gateway:MaxBodyBytes", "Gateway:MaxConcurrentRequests", "Gateway:MaxRequestsPerSecond",
                "Gateway:ProtectReads", "Kestrel:EndpointDefaults:ClientCertificateMode"],
            read.Kept.Order());

        // And stays when it is left out once more; what protects nothing is as the file says.
        Assert.Equal(6, LoadAgain(read, "{ }").Kept.Count);
        Assert.Equal(TimeSpan.FromSeconds(30), gateway.ReplicaTimeout);
    }

    [Fact]
    public void Of_a_default_that_is_left_out_nothing_is_said()
    {
        var before = LoadAgain(
            Load(), "{ \"Gateway\": { \"ProtectReads\": \"False\", \"MaxBodyBytes\": 0, \"MaxRequestsPerSecond\": 0, "
                + "\"MaxConcurrentRequests\": 0 } }");
        Assert.Equal(["Gateway:Keys", "Kestrel:EndpointDefaults:ClientCertificateMode"], LoadAgain(before, "{ }").Kept.Order());
    }

    [Theory]
    [InlineData("{ \"Gateway\": { \"Keys\": [] } }")]
    [InlineData("{ \"Gateway\": { \"Keys\": [ /* none */ ] } }")]
    [InlineData("{ \"gateway\": { \"keys\": [\"one-two-three-four\"] } }")]
    public void A_json_list_in_place_of_keys_is_refused_with_or_without_one(string text) =>
        Assert.Contains(
            LoadAgain(Load(), text).Mistakes,
            mistake => mistake.StartsWith("Gateway:Keys: ", StringComparison.Ordinal)
                && mistake.EndsWith("not a JSON list or object.", StringComparison.Ordinal));

    [Fact]
    public void What_protects_goes_when_the_file_says_so()
    {
        var read = LoadAgain(
            Load(), "{ \"Gateway\": { \"Keys\": \"\", \"ProtectReads\": false, \"MaxBodyBytes\": 0, \"MaxRequestsPerSecond\": 0, "
                + "\"MaxConcurrentRequests\": \"0\" } }");
        Assert.Empty(read.Mistakes);
        Assert.Empty(read.Settings.Gateway.KeyDigests);
        Assert.False(read.Settings.Gateway.ProtectReads);
        Assert.Equal(["Kestrel:EndpointDefaults:ClientCertificateMode"], read.Kept);
    }

    /// <summary>Else the settings beside the executable, which are open, would be found in place of a file that is away.</summary>
    [Fact]
    public void A_file_that_comes_back_is_taken()
    {
        var before = Load();
        Assert.NotEmpty(LoadAgain(before, null).Mistakes);
        var read = LoadAgain(before, Protected.Replace("rain-or-shine", "shine-or-rain", StringComparison.Ordinal));
        Assert.Empty(read.Mistakes);
        Assert.Empty(read.Kept);
        Assert.NotEqual(before.Settings.Gateway.KeyDigests[0], Assert.Single(read.Settings.Gateway.KeyDigests));
    }

    [Fact]
    public void A_second_file_may_come_and_then_does_not_go()
    {
        var before = Load();
        File.WriteAllText(_folder["appsettings.Production.json"], "{ \"Gateway\": { \"ReplicaSeconds\": 3 } }");
        var read = LoadAgain(before, Protected);
        Assert.Empty(read.Mistakes);
        Assert.Equal(TimeSpan.FromSeconds(3), read.Settings.Gateway.ReplicaTimeout);
        File.Delete(_folder["appsettings.Production.json"]);
        Assert.Contains(
            "appsettings.Production.json: the file is gone", Assert.Single(LoadAgain(read, Protected).Mistakes), StringComparison.Ordinal);
    }

    private LoadedSettings Load()
    {
        var loaded = SettingsLoader.Load(
        [
            $"--contentRoot={_folder.Path}", "--Urls=http://127.0.0.1:0", "--Rain:Listen=127.0.0.1:0",
            $"--Rain:Servers={_folder["servers.json"]}",
            $"--Store:Path={_folder["data"]}",
        ]);
        Assert.Empty(loaded.Mistakes);
        return loaded;
    }

    /// <summary>Loads again with another text in the file; null for none.</summary>
    private LoadedSettings LoadAgain(LoadedSettings before, string? text)
    {
        File.Delete(_folder["appsettings.json"]);
        if (text is not null)
        {
            File.WriteAllBytes(_folder["appsettings.json"], Encoding.UTF8.GetBytes(text));
        }

        return SettingsLoader.LoadAgain(before, SettingsLoader.ReadFiles(before.ContentRoot, before.EnvironmentName));
    }
}

namespace Gateway.Tests.Configuration;

/// <summary>Every setting wrong in turn, in every way that the loader can see by itself. What the system must say (ports, folders,
/// certificates that do not open) is tried by real processes in tests/EndToEnd.</summary>
public sealed class WrongSettings : TheoryData<string, string>
{
    public WrongSettings()
    {
        Add(
            "Urls", "localhost", "ftp://localhost:8080", "http://localhost:99999", "http://a:b:c", "http://127.0.0.1:0/base",
            "http://:8080", ";");
        Add("AllowedHosts", ",", "http://example.org", "example.org:8080", "*example.org", "a b");
        Add(
            "Rain:Listen", " ", "nowhere", "127.0.0.1", "127.0.0.1:70000", "127.0.0.1:-1", "::1:1980", "127.0.0.1:9999,127.0.0.1:9999", ",",
            "[::1]",
            "example.org:1980");
        Add("Rain:Servers", "/nowhere/servers.json", "/", "a\0b");
        Add(
            "Rain:Secret", " ", "short", "fifteen letters", "aaaaaaaaaaaaaaaa", "abcdabcdabcdabcdabcdabcd",
            "a text of enough letters, with a comma");
        Add("Rain:SecretsAccepted", ",", "short", "a text that is long enough,aaaaaaaaaaaaaaaa", "a text that is long enough,short");
        Add("Rain:AllowUnsealed", "yes", "1", "TRUEE");
        Add("Rain:Classic:Allow", " , ", "10.0.0.0", "10.0.0.0/33", "everybody");
        Add("Rain:MaxRateBytesPerSecond", "fast", "-1", "1.5", "1e6", "99999999999999999999", "3Mbit", "3MB/m", "3MB/s/s", "-3MB/s");
        Add("Rain:MaxSubscribers", "0", "-1", "1000001", "many");
        Add("Rain:ReceiveLoops", "-1", "65", "many");
        Add("Rain:Code", "turnip", "raptorq,lt");
        Add("Rain:SymbolSize", "abc", "15", "60001", "1,408", "-1408", "1408.0", "1MiB", "1408 bytes");
        Add("Rain:BlockSize", "0", "automatic", "auto,1MiB", "99999999999", "1TiB", "1.5", "1M", "1000");
        Add("Rain:DiscoverySeconds", "soon", "0", "-1", "601", "NaN", "Infinity", "1e1", "49ms", "11m", "2 fortnights");
        Add("Rain:StallSeconds", "-1", "0", "3601", "2h", "10x", "99999999d");
        Add("Rain:FetchMemoryBytes", "-1", "10G", "half");
        Add("Rain:FetchWaitSeconds", "-1", "3601", "2h", "patient");
        Add("Rain:Background", "perhaps");
        Add("Rain:Faults", "loss=2", "loss=-1", "rain=0.5", "loss", "loss=0.1=0.2", "seed=-1", ",");
        Add("Store:Path", "/proc/nowhere", "/dev/null/data", "a\0b");
        Add("Store:QuotaBytes", "-5", "-10GB", "10G", "10 gigabytes", "0.5", "9999999PB");
        Add("Store:InlineBytes", "-1", "2MiB", "64K", "small");
        Add("Store:ScrubDays", "-1", "3651", "1.5", "30d", "monthly");
        Add("Archive:AfterDays", "-1", "36501", "1.5", "30d", "monthly");
        Add("Archive:MinBytes", "-1", "1.5", "much", "1 MB/s");
        Add("Archive:LookSeconds", "-1", "0", "2h", "often");
        Add("Store:ScrubMaxBytesPerSecond", "-1", "fast", "1MB/min", "0.5");
        Add("Store:S3:Endpoint", "s3.example.org", "ftp://s3.example.org", "https://s3.example.org/bucket", "https://a:b@s3.example.org");
        Add("Store:S3:Bucket", "ab", "Rain", "a_b", "-rain", "rain/files");
        Add("Store:S3:Prefix", "/rain", "a//b", "a/../b", "a b");
        Add("Store:S3:AccessKey", "two words", "a\tb");
        Add("Store:S3:SecretKey", "two words", "schlüssel");
        Add("Store:S3:Region", "eu west");
        Add(
            "Cluster:Etcd", ",", "etcd", "10.0.0.1", "10.0.0.1:99999", "ftp://etcd:2379", "http://etcd:2379/v3",
            "http://user:word@etcd:2379", "10.0.0.1:2379,10.0.0.1:2379", "http://:2379");
        Add("Cluster:Name", "a/b", "two words", "regn/../x", new string('a', 65));
        Add("Cluster:Zone", "a,b", "Süd", new string('a', 65));
        Add("Cluster:Weight", "0", "-1", "1001", "heavy", "NaN", "1e3");
        Add("Cluster:Replicas", "-1", "101", "2.5", "all");
        Add("Cluster:DownAfterSeconds", "0", "8d", "never");
        Add("Cluster:RepairBytesPerSecond", "-1", "50Mbit", "slow");
        Add("Cluster:ClockSkewSeconds", "0", "25h", "none");
        Add("Cluster:AdvertiseUrl", "rain-1:8080", "ftp://rain-1", "rain");
        Add("Cluster:AdvertiseRain", ",", "rain-1", "rain-1:0", "::1:1980", "a b:1980");
        Add("Deploy:Groups", ",", "239.77.0.1", "239.77.0.1:0", "10.0.0.1:7857", "255.255.255.255:7857", "239.77.0.1:1,239.77.0.1:1");
        Add("Deploy:Interface", "eth 1", "a/b", new string('a', 65));
        Add("Deploy:Hops", "-1", "256", "all");
        Add("Behaviour:PropagateOnStartup", "on", "0");
        Add("Behaviour:AutoAddPeers", "off");
        Add("Behaviour:ShareContent", "1");
        Add(
            "Gateway:Keys", ",", " , ", " ", "k", "fifteen letters", "aaaaaaaaaaaaaaaa", "0123456789abcdef,k", "sha256:abc",
            "0123456789abcdef,sha256:zz",
            "sha256: and some letters");
        Add("Gateway:ProtectReads", "maybe", "true");
        Add("Gateway:MaxBodyBytes", "1Gb/s", "-1", "1GiBB");
        Add("Gateway:MaxPendingUploads", "0", "100001", "all");
        Add("Gateway:PendingUploadSeconds", "0", "31536001", "366d", "a day", "999ms");
        Add("Gateway:ReplicaSeconds", "1e9", "0", "61m", "long");
        Add("Gateway:MaxRequestsPerSecond", "-1", "1000001", "some");
        Add("Gateway:MaxConcurrentRequests", "-1", "1000001", "2.5");
        Add("Gateway:MaxConnections", "-1", "1000001", "enough");
        Add("Gateway:MaxEventStreams", "-1", "1000001", "few");
        Add(
            "Gateway:CorsOrigins", ",", "example.org", "https://example.org/path", "https://user@example.org",
            "https://example.org,nobody");
        Add("Gateway:TrustedProxies", ",", "127.0.0.1", "10.0.0.0/33", "nginx");
        Add("Gateway:MinRateBytesPerSecond", "-1", "slow", "1.5", "1kbit");
        Add("Gateway:MinRateGraceSeconds", "1", "86401", "2d", "a minute");
        Add("Gateway:RequestHeadersSeconds", "0", "3601", "2h", "soon");
        Add("Gateway:KeepAliveSeconds", "0", "86401", "2d", "for ever");
        Add("Gateway:OtlpEndpoint", "localhost", "localhost:4317", "ftp://localhost");
        Add("Gateway:ShutdownSeconds", "-1", "3601", "never", "1h1s");
        Add("Kestrel:Endpoints:One:Url", "nowhere", "http://127.0.0.1:80x", "http://a:1;http://b:2");
        Add("Kestrel:Certificates:Default:Path", "/nowhere/certificate.pem");
        Add("Kestrel:Limits:MaxConcurrentConnections", "1");
        Add("Serilog:MinimumLevel:Default", "Loud");
        Add("Serilog:MinimumLevel:Override:Gateway", "Loud");
        Add("Serilog:MinimumLevl", "Debug");
        Add("Serilog:WriteTo:0:Name", "Nowhere");
        Add("Logging:LogLevel:Default", "Loud", "Debug");
        Add("contentRoot", "/nowhere");

        // Names that nothing reads, near and far from those there are.
        Add("Rain:Listn", "127.0.0.1:0");
        Add("Rain:Listen:Port", "1980");
        Add("Rain:Listen:0", "127.0.0.1:0");
        Add("Gateway:Key", "k");
        Add("Store", "data");
        Add("Raim:Listen", "127.0.0.1:0");
        Add("https_port", "443");
    }

    private void Add(string name, params ReadOnlySpan<string> values)
    {
        foreach (var value in values)
        {
            base.Add(name, value);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/spec/nvme_id.h - data structures that Identify returns.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: Base 2.1, 5.1.13; NVM Command Set 1.1, 4.1.5.
 * Included by nvme.h.  All multi-byte fields are little-endian. */
#ifndef FABRICS_SPEC_NVME_ID_H
#define FABRICS_SPEC_NVME_ID_H

struct nvme_power_state {
	uint16_t mp; /* maximum power, centiwatts unless flags bit 0 */
	uint8_t rsvd2;
	uint8_t flags; /* MXPS 0, NOPS 1 */
	uint32_t enlat;
	uint32_t exlat;
	uint8_t rrt;
	uint8_t rrl;
	uint8_t rwt;
	uint8_t rwl;
	uint16_t idlp;
	uint8_t ips;
	uint8_t rsvd19;
	uint16_t actp;
	uint8_t apws;
	uint8_t rsvd23[9];
} NVME_PACKED;
NVME_SIZE(struct nvme_power_state, 32);
NVME_AT(struct nvme_power_state, actp, 20);

enum nvme_cntrltype {
	NVME_CNTRLTYPE_NONE = 0,
	NVME_CNTRLTYPE_IO = 1,
	NVME_CNTRLTYPE_DISCOVERY = 2,
	NVME_CNTRLTYPE_ADMIN = 3,
};

enum nvme_dctype { NVME_DCTYPE_NONE = 0, NVME_DCTYPE_DDC = 1, NVME_DCTYPE_CDC = 2 };

#define NVME_CMIC_MULTI_PORT (1u << 0)
#define NVME_CMIC_MULTI_CTRL (1u << 1)
#define NVME_CMIC_SRIOV (1u << 2)
#define NVME_CMIC_ANA (1u << 3)

#define NVME_CTRATT_HIDS (1u << 0)
#define NVME_CTRATT_TBKAS (1u << 6)
#define NVME_CTRATT_ELBAS (1u << 15)

#define NVME_OACS_SECURITY (1u << 0)
#define NVME_OACS_FORMAT (1u << 1)
#define NVME_OACS_NS_MGMT (1u << 3)

#define NVME_FRMW_SLOT1_RO (1u << 0)
#define NVME_FRMW_SLOTS_SHIFT 1

#define NVME_LPA_SMART_PER_NS (1u << 0)
#define NVME_LPA_EFFECTS (1u << 1)
#define NVME_LPA_EXTENDED (1u << 2) /* NUMDU and LPO */
#define NVME_LPA_TELEMETRY (1u << 3)
#define NVME_LPA_PERSISTENT_EVENT (1u << 4)
#define NVME_LPA_SUPPORTED (1u << 5) /* LIDs 00h, 12h and 13h */

#define NVME_SQES(min, max) ((uint8_t)((max) << 4 | (min)))

#define NVME_ONCS_COMPARE (1u << 0)
#define NVME_ONCS_WRITE_UNCORRECTABLE (1u << 1)
#define NVME_ONCS_DSM (1u << 2)
#define NVME_ONCS_WRITE_ZEROES (1u << 3)
#define NVME_ONCS_SAVE_SELECT (1u << 4)
#define NVME_ONCS_RESERVATIONS (1u << 5)
#define NVME_ONCS_TIMESTAMP (1u << 6)
#define NVME_ONCS_VERIFY (1u << 7)
#define NVME_ONCS_COPY (1u << 8)

#define NVME_FUSES_COMPARE_WRITE (1u << 0)

#define NVME_VWC_PRESENT (1u << 0)
#define NVME_VWC_FLUSH_ALL_UNSUPPORTED (2u << 1)
#define NVME_VWC_FLUSH_ALL (3u << 1) /* Flush with NSID FFFFFFFFh goes to all */

#define NVME_SGLS_SUPPORTED (1u << 0)
#define NVME_SGLS_KEYED (1u << 2)
#define NVME_SGLS_OFFSET (1u << 20)
#define NVME_SGLS_TRANSPORT (1u << 21)

#define NVME_FCATT_STATIC_CTRL (1u << 0)
#define NVME_OFCS_DISCONNECT (1u << 0)

#define NVME_ANACAP_OPTIMIZED (1u << 0)
#define NVME_ANACAP_NON_OPTIMIZED (1u << 1)
#define NVME_ANACAP_INACCESSIBLE (1u << 2)
#define NVME_ANACAP_PERSISTENT_LOSS (1u << 3)
#define NVME_ANACAP_CHANGE (1u << 4)
#define NVME_ANACAP_FIXED_GRPID (1u << 6)
#define NVME_ANACAP_GRPID (1u << 7)

struct nvme_id_ctrl {
	uint16_t vid;
	uint16_t ssvid;
	char sn[20];
	char mn[40];
	char fr[8];
	uint8_t rab;
	uint8_t ieee[3];
	uint8_t cmic;
	uint8_t mdts;
	uint16_t cntlid;
	uint32_t ver;
	uint32_t rtd3r;
	uint32_t rtd3e;
	uint32_t oaes;
	uint32_t ctratt;
	uint16_t rrls;
	uint8_t bpcap;
	uint8_t rsvd103;
	uint32_t nssl;
	uint8_t rsvd108[2];
	uint8_t plsi;
	uint8_t cntrltype;
	uint8_t fguid[16];
	uint16_t crdt1;
	uint16_t crdt2;
	uint16_t crdt3;
	uint8_t crcap;
	uint8_t rsvd135[105];
	uint8_t rsvd240[13];
	uint8_t nvmsr;
	uint8_t vwci;
	uint8_t mec;
	uint16_t oacs; /* 256 */
	uint8_t acl;
	uint8_t aerl;
	uint8_t frmw;
	uint8_t lpa;
	uint8_t elpe;
	uint8_t npss;
	uint8_t avscc;
	uint8_t apsta;
	uint16_t wctemp;
	uint16_t cctemp;
	uint16_t mtfa;
	uint32_t hmpre;
	uint32_t hmmin;
	uint8_t tnvmcap[16];
	uint8_t unvmcap[16];
	uint32_t rpmbs;
	uint16_t edstt;
	uint8_t dsto;
	uint8_t fwug;
	uint16_t kas; /* 320 */
	uint16_t hctma;
	uint16_t mntmt;
	uint16_t mxtmt;
	uint32_t sanicap;
	uint32_t hmminds;
	uint16_t hmmaxd;
	uint16_t nsetidmax;
	uint16_t endgidmax;
	uint8_t anatt;
	uint8_t anacap;
	uint32_t anagrpmax;
	uint32_t nanagrpid;
	uint32_t pels;
	uint16_t domain;
	uint8_t kpioc;
	uint8_t rsvd359;
	uint16_t mptfawr;
	uint8_t rsvd362[6];
	uint8_t megcap[16];
	uint8_t tmpthha;
	uint8_t rsvd385;
	uint16_t cqt;
	uint8_t rsvd388[124];
	uint8_t sqes; /* 512 */
	uint8_t cqes;
	uint16_t maxcmd;
	uint32_t nn;
	uint16_t oncs;
	uint16_t fuses;
	uint8_t fna;
	uint8_t vwc;
	uint16_t awun;
	uint16_t awupf;
	uint8_t icsvscc;
	uint8_t nwpc;
	uint16_t acwu;
	uint16_t cdfs;
	uint32_t sgls; /* 536 */
	uint32_t mnan;
	uint8_t maxdna[16];
	uint32_t maxcna;
	uint32_t oaqd;
	uint8_t rhiri;
	uint8_t hirt;
	uint16_t cmmrtd;
	uint16_t nmmrtd;
	uint8_t minmrtg;
	uint8_t maxmrtg;
	uint8_t trattr;
	uint8_t rsvd577;
	uint16_t mcudmq;
	uint16_t mnsudmq;
	uint16_t mcmr;
	uint16_t nmcmr;
	uint16_t mcdqpc;
	uint8_t rsvd588[180];
	char subnqn[256]; /* 768 */
	uint8_t rsvd1024[768];
	uint32_t ioccsz; /* 1792: 16-byte units */
	uint32_t iorcsz;
	uint16_t icdoff;
	uint8_t fcatt;
	uint8_t msdbd;
	uint16_t ofcs;
	uint8_t dctype;
	uint8_t rsvd1807[241];
	struct nvme_power_state psd[32]; /* 2048 */
	uint8_t vs[1024];
} NVME_PACKED;
NVME_SIZE(struct nvme_id_ctrl, 4096);
NVME_AT(struct nvme_id_ctrl, cmic, 76);
NVME_AT(struct nvme_id_ctrl, cntlid, 78);
NVME_AT(struct nvme_id_ctrl, ver, 80);
NVME_AT(struct nvme_id_ctrl, oaes, 92);
NVME_AT(struct nvme_id_ctrl, ctratt, 96);
NVME_AT(struct nvme_id_ctrl, cntrltype, 111);
NVME_AT(struct nvme_id_ctrl, crdt1, 128);
NVME_AT(struct nvme_id_ctrl, nvmsr, 253);
NVME_AT(struct nvme_id_ctrl, oacs, 256);
NVME_AT(struct nvme_id_ctrl, lpa, 261);
NVME_AT(struct nvme_id_ctrl, tnvmcap, 280);
NVME_AT(struct nvme_id_ctrl, kas, 320);
NVME_AT(struct nvme_id_ctrl, sanicap, 328);
NVME_AT(struct nvme_id_ctrl, anatt, 342);
NVME_AT(struct nvme_id_ctrl, nanagrpid, 348);
NVME_AT(struct nvme_id_ctrl, megcap, 368);
NVME_AT(struct nvme_id_ctrl, cqt, 386);
NVME_AT(struct nvme_id_ctrl, sqes, 512);
NVME_AT(struct nvme_id_ctrl, maxcmd, 514);
NVME_AT(struct nvme_id_ctrl, oncs, 520);
NVME_AT(struct nvme_id_ctrl, awun, 526);
NVME_AT(struct nvme_id_ctrl, sgls, 536);
NVME_AT(struct nvme_id_ctrl, mnan, 540);
NVME_AT(struct nvme_id_ctrl, mcdqpc, 586);
NVME_AT(struct nvme_id_ctrl, subnqn, 768);
NVME_AT(struct nvme_id_ctrl, ioccsz, 1792);
NVME_AT(struct nvme_id_ctrl, fcatt, 1802);
NVME_AT(struct nvme_id_ctrl, ofcs, 1804);
NVME_AT(struct nvme_id_ctrl, dctype, 1806);
NVME_AT(struct nvme_id_ctrl, psd, 2048);

/* ---- namespaces ---- */

#define NVME_NMIC_SHARED (1u << 0)

#define NVME_NSFEAT_THIN (1u << 0)
#define NVME_NSFEAT_ATOMIC (1u << 1) /* NAWUN, NAWUPF, NACWU are set */
#define NVME_NSFEAT_DAE (1u << 2)
#define NVME_NSFEAT_UIDREUSE (1u << 3)
#define NVME_NSFEAT_OPTPERF (1u << 4) /* NPWG, NPWA, NPDG, NPDA, NOWS are set */

#define NVME_DLFEAT_READ_ZERO (1u << 0) /* deallocated blocks read as 00h */
#define NVME_DLFEAT_READ_ONES (2u << 0)
#define NVME_DLFEAT_WZ_DEAC (1u << 3)

#define NVME_NSATTR_WP (1u << 0)

struct nvme_lbaf {
	uint16_t ms;
	uint8_t lbads; /* power of two */
	uint8_t rp;
} NVME_PACKED;
NVME_SIZE(struct nvme_lbaf, 4);
NVME_AT(struct nvme_lbaf, lbads, 2);
NVME_AT(struct nvme_lbaf, rp, 3);

/* CNS 00h and 11h. */
struct nvme_id_ns {
	uint64_t nsze;
	uint64_t ncap;
	uint64_t nuse;
	uint8_t nsfeat;
	uint8_t nlbaf; /* 0's based */
	uint8_t flbas;
	uint8_t mc;
	uint8_t dpc;
	uint8_t dps;
	uint8_t nmic;
	uint8_t rescap;
	uint8_t fpi;
	uint8_t dlfeat;
	uint16_t nawun;
	uint16_t nawupf;
	uint16_t nacwu;
	uint16_t nabsn;
	uint16_t nabo;
	uint16_t nabspf;
	uint16_t noiob;
	uint8_t nvmcap[16];
	uint16_t npwg;
	uint16_t npwa;
	uint16_t npdg;
	uint16_t npda;
	uint16_t nows;
	uint16_t mssrl;
	uint32_t mcl;
	uint8_t msrc;
	uint8_t kpios;
	uint8_t nulbaf;
	uint8_t rsvd83;
	uint32_t kpiodaag;
	uint8_t rsvd88[4];
	uint32_t anagrpid;
	uint8_t rsvd96[3];
	uint8_t nsattr;
	uint16_t nvmsetid;
	uint16_t endgid;
	uint8_t nguid[16]; /* big-endian, as NGUIDs are */
	uint8_t eui64[8]; /* big-endian */
	struct nvme_lbaf lbaf[64];
	uint8_t vs[3712];
} NVME_PACKED;
NVME_SIZE(struct nvme_id_ns, 4096);
NVME_AT(struct nvme_id_ns, nmic, 30);
NVME_AT(struct nvme_id_ns, dlfeat, 33);
NVME_AT(struct nvme_id_ns, nvmcap, 48);
NVME_AT(struct nvme_id_ns, npwg, 64);
NVME_AT(struct nvme_id_ns, mssrl, 74);
NVME_AT(struct nvme_id_ns, anagrpid, 92);
NVME_AT(struct nvme_id_ns, nsattr, 99);
NVME_AT(struct nvme_id_ns, nguid, 104);
NVME_AT(struct nvme_id_ns, eui64, 120);
NVME_AT(struct nvme_id_ns, lbaf, 128);

/* CNS 05h, CSI 00h. */
struct nvme_id_ns_nvm {
	uint64_t lbstm;
	uint8_t pic;
	uint8_t pifa;
	uint8_t rsvd10[2];
	uint32_t elbaf[64];
	uint32_t npdgl;
	uint32_t nprg;
	uint32_t npra;
	uint32_t nors;
	uint32_t npdal;
	uint32_t lbapss;
	uint32_t tlbaag;
	uint8_t rsvd296[3800];
} NVME_PACKED;
NVME_SIZE(struct nvme_id_ns_nvm, 4096);
NVME_AT(struct nvme_id_ns_nvm, npdgl, 268);

/* CNS 06h, CSI 00h. */
struct nvme_id_ctrl_nvm {
	uint8_t vsl;
	uint8_t wzsl;
	uint8_t wusl;
	uint8_t dmrl;
	uint32_t dmrsl;
	uint64_t dmsl;
	uint8_t kpiocap;
	uint8_t wzdsl;
	uint16_t aocs;
	uint32_t ver;
	uint8_t lbamqf;
	uint8_t rsvd25[4071];
} NVME_PACKED;
NVME_SIZE(struct nvme_id_ctrl_nvm, 4096);
NVME_AT(struct nvme_id_ctrl_nvm, dmsl, 8);

/* CNS 08h: what all command sets share. */
#define NVME_NSTAT_NRDY (1u << 0)
struct nvme_id_ns_indep {
	uint8_t nsfeat;
	uint8_t nmic;
	uint8_t rescap;
	uint8_t fpi;
	uint32_t anagrpid;
	uint8_t nsattr;
	uint8_t rsvd9;
	uint16_t nvmsetid;
	uint16_t endgid;
	uint8_t nstat;
	uint8_t rsvd15[4081];
} NVME_PACKED;
NVME_SIZE(struct nvme_id_ns_indep, 4096);
NVME_AT(struct nvme_id_ns_indep, nstat, 14);

/* CNS 03h: a list of these, each followed by its NID. */
enum nvme_nidt {
	NVME_NIDT_EUI64 = 1,
	NVME_NIDT_NGUID = 2,
	NVME_NIDT_UUID = 3,
	NVME_NIDT_CSI = 4,
};

struct nvme_ns_desc {
	uint8_t nidt;
	uint8_t nidl;
	uint8_t rsvd2[2];
} NVME_PACKED;
NVME_SIZE(struct nvme_ns_desc, 4);
NVME_AT(struct nvme_ns_desc, nidl, 1);

/* CNS 02h, 07h, 10h and log page 04h. */
#define NVME_NS_LIST_MAX 1024
struct nvme_ns_list {
	uint32_t nsid[NVME_NS_LIST_MAX];
} NVME_PACKED;
NVME_SIZE(struct nvme_ns_list, 4096);

/* CNS 12h and 13h. */
#define NVME_CTRL_LIST_MAX 2047
struct nvme_ctrl_list {
	uint16_t num;
	uint16_t cntlid[NVME_CTRL_LIST_MAX];
} NVME_PACKED;
NVME_SIZE(struct nvme_ctrl_list, 4096);
NVME_AT(struct nvme_ctrl_list, cntlid, 2);

/* CNS 1Ch: a bit per CSI in each combination. */
struct nvme_id_iocs {
	uint64_t vector[512];
} NVME_PACKED;
NVME_SIZE(struct nvme_id_iocs, 4096);

#endif
